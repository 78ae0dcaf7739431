import { chmodSync, chownSync, lstatSync, mkdirSync, rmSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import { connect } from 'node:net'
import { dirname } from 'node:path'

export { BodyRefused, readBody } from './body.ts'

/** Where a server listens: a socket of its own, or one that was handed in open (systemd's socket units). */
export type Place =
  | {
      readonly path: string
      /** Permission bits of the socket. */
      readonly mode: number
      /** Its group; the user's own when absent. */
      readonly gid?: number
    }
  | { readonly fd: number }

export interface Limits {
  readonly maxConnections: number
  /** Until the whole request is there. */
  readonly requestTimeoutMs: number
  /** Between two requests of a connection. */
  readonly keepAliveTimeoutMs: number
  readonly maxHeaderBytes: number
}

export const usualLimits: Limits = {
  maxConnections: 128,
  requestTimeoutMs: 30_000,
  keepAliveTimeoutMs: 30_000,
  maxHeaderBytes: 16 * 1024,
}

export interface Listening {
  readonly server: Server
  /** Ends all connections; a socket of our own is removed. */
  close(): Promise<void>
}

/** Somebody answers on the socket: another agent runs. */
export class SocketTaken extends Error {
  override readonly name = 'SocketTaken'
}

/**
 * Serves HTTP on a Unix socket. A socket of our own is closed to everyone (umask 0177) until its group and mode are
 * set, and its directory is made when absent; a stale one is replaced, anything else in its place is left and thrown.
 * Bytes that are no HTTP are answered with 400 and end only their own connection. Throws SocketTaken, or what listening
 * throws.
 */
export async function listenUnix(
  place: Place,
  handle: RequestListener,
  limits: Limits = usualLimits,
): Promise<Listening> {
  const { maxConnections, requestTimeoutMs, keepAliveTimeoutMs, maxHeaderBytes } = limits
  const server = createServer({
    maxHeaderSize: maxHeaderBytes,
    requestTimeout: requestTimeoutMs,
    headersTimeout: Math.min(requestTimeoutMs, 10_000),
    keepAliveTimeout: keepAliveTimeoutMs,
    connectionsCheckingInterval: 5000,
  })
  server.maxConnections = maxConnections
  server.on('request', handle)
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
    else socket.destroy()
  })
  if ('path' in place) await clearStale(place.path)
  await bind(server, place)
  return {
    server,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function bind(server: Server, place: Place): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.once('listening', resolve)
  if ('fd' in place) server.listen({ fd: place.fd })
  else {
    // bind(2) happens within this call, under this umask.
    const before = process.umask(0o177)
    try {
      server.listen({ path: place.path })
    } finally {
      process.umask(before)
    }
  }
  await promise
  server.removeListener('error', reject)
  if ('fd' in place) return
  if (place.gid !== undefined) chownSync(place.path, process.geteuid?.() ?? 0, place.gid)
  chmodSync(place.path, place.mode)
}

async function clearStale(path: string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o711 })
  const there = lstatSync(path, { throwIfNoEntry: false })
  if (!there) return
  if (!there.isSocket()) throw new Error(`${path} is there and is no socket`)
  if (await answers(path)) throw new SocketTaken(`another process serves ${path}`)
  rmSync(path, { force: true })
}

function answers(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect({ path })
  socket.setTimeout(1000, () => resolve(true))
  socket.once('connect', () => resolve(true))
  socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT'))
  return promise.finally(() => socket.destroy())
}
