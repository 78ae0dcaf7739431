import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { type RequestListener, request } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { BodyRefused, type Listening, listenUnix, readBody, SocketTaken, usualLimits } from '../../../src/host/unix.ts'
import { apart } from '../apart.ts'

// In a process of its own: the umask is the process's, and vitest's threads may not change it.
apart(import.meta.url, () => {
  let folder: string
  let path: string
  let open: Listening[]

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'dso-unix-'))
    path = join(folder, 'a.sock')
    open = []
  })

  afterEach(async () => {
    await Promise.all(open.map((one) => one.close()))
    rmSync(folder, { recursive: true })
  })

  const serve = async (handle: RequestListener, mode = 0o600, limits = usualLimits) => {
    const listening = await listenUnix({ path, mode }, handle, limits)
    open.push(listening)
    return listening
  }

  const echo =
    (limit: number, deadlineMs?: number): RequestListener =>
    async (incoming, response) => {
      try {
        const body = await readBody(incoming, limit, deadlineMs)
        response.end(`${body.length}`)
      } catch (error) {
        response.writeHead(error instanceof BodyRefused ? error.status : 500, { connection: 'close' }).end()
      }
    }

  function post(chunks: readonly string[], headers: Record<string, string> = {}, end = true) {
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>()
    const call = request({ socketPath: path, path: '/', method: 'POST', headers, agent: false }, (response) => {
      let text = ''
      response.on('data', (chunk) => {
        text += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
    })
    call.on('error', reject)
    for (const chunk of chunks) call.write(chunk)
    if (end) call.end()
    return promise
  }

  function raw(bytes: string): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string>()
    const socket = connect({ path })
    let answer = ''
    socket.on('data', (chunk) => {
      answer += chunk
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(answer))
    socket.end(bytes)
    return promise
  }

  describe('a socket of our own', () => {
    test('has the mode asked for and is removed at the end', async () => {
      const listening = await serve((_, response) => response.end('hello'), 0o660)
      expect(statSync(path).mode & 0o7777).toBe(0o660)
      expect(await post([])).toEqual({ status: 200, text: 'hello' })
      await listening.close()
      expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined()
    })

    test('replaces one that nobody serves any more', async () => {
      const killed = `require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`
      spawnSync(process.execPath, ['-e', killed, path])
      expect(statSync(path).isSocket()).toBe(true)
      await serve((_, response) => response.end('new'))
      expect((await post([])).text).toBe('new')
    })

    test('is not taken from a server that answers, and nothing but a socket is removed', async () => {
      await serve((_, response) => response.end('first'))
      await expect(serve((_, response) => response.end('second'))).rejects.toThrow(SocketTaken)
      expect((await post([])).text).toBe('first')
      path = join(folder, 'file')
      writeFileSync(path, 'mine')
      await expect(serve((_, response) => response.end())).rejects.toThrow('is no socket')
    })

    test('answers garbage with 400 and serves on', async () => {
      await serve((_, response) => response.end('fine'))
      expect(await raw('\x00\xff garbage\r\n\r\n')).toContain('400 Bad Request')
      expect(await raw(`GET / HTTP/1.1\r\nx: ${'y'.repeat(32_000)}\r\n\r\n`)).toContain('400')
      expect((await post([])).text).toBe('fine')
    })
  })

  describe('a body', () => {
    test('is read whole up to its limit', async () => {
      await serve(echo(10))
      expect(await post(['12345', '67890'])).toEqual({ status: 200, text: '10' })
      expect((await post(['12345', '678901'])).status).toBe(413)
      expect((await post(['12345678901'], { 'content-length': '11' })).status).toBe(413)
    })

    test('that does not come is given up', async () => {
      await serve(echo(10, 50))
      expect((await post(['1'], {}, false)).status).toBe(408)
    })
  })
})
