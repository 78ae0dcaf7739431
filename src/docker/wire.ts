import { Agent, type IncomingMessage, request } from 'node:http'
import { answeredError, connectionError, EngineError } from './engine-error.ts'

/** The newest version of Docker's API that this code was tried with (28.5). 20.10 speaks 1.41. */
const ourApiVersion = '1.51'

/** Most bytes of one JSON answer. */
const answerLimit = 64 * 1024 * 1024

/** HTTP on Docker's socket, with the version of the API agreed. Paths are given without it. */
export interface Wire {
  /** The text of a success. Throws EngineError for any other answer. */
  call(method: 'GET' | 'POST', path: string, signal: AbortSignal, body?: object): Promise<string>
  /** A success whose body is still to come. */
  open(method: 'GET' | 'POST', path: string, signal: AbortSignal, body?: object): Promise<IncomingMessage>
}

interface Ask {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly signal: AbortSignal
  readonly body?: object | undefined
}

/** Connections are kept for the next call; an event stream or an archive takes one of its own. */
export function createWire(socketPath: string): Wire {
  const agent = new Agent({ keepAlive: true, keepAliveMsecs: 30_000, maxFreeSockets: 4 })
  let agreed: string | undefined

  const send = async (ask: Ask, own: boolean): Promise<IncomingMessage> => {
    try {
      return await exchange(socketPath, own ? false : agent, ask)
    } catch (error) {
      // A connection lost says that the engine may come back as another one.
      agreed = undefined
      throw connectionError(error, ask.signal)
    }
  }
  const prefix = async (path: string, signal: AbortSignal): Promise<string> => {
    if (path === '/_ping' || path === '/version') return path
    if (agreed === undefined) {
      const answer = await textOf(await send({ method: 'GET', path: '/version', signal }, false), signal)
      agreed = agree(answer)
    }
    return `/v${agreed}${path}`
  }
  const success = async (ask: Ask, own: boolean): Promise<IncomingMessage> => {
    const answer = await send({ ...ask, path: await prefix(ask.path, ask.signal) }, own)
    const status = answer.statusCode ?? 0
    if (status >= 200 && status < 300) return answer
    if (status === 400) agreed = undefined
    throw answeredError(status, await textOf(answer, ask.signal))
  }
  return {
    call: async (method, path, signal, body) => textOf(await success({ method, path, signal, body }, false), signal),
    open: (method, path, signal, body) => success({ method, path, signal, body }, true),
  }
}

/** One request. A kept connection that the engine had closed meanwhile is no failure of a GET: it is asked again. */
async function exchange(socketPath: string, agent: Agent | false, ask: Ask): Promise<IncomingMessage> {
  const { method, path, signal, body } = ask
  signal.throwIfAborted()
  const payload = body === undefined ? undefined : JSON.stringify(body)
  const headers: Record<string, string | number> = { host: 'docker' }
  if (payload !== undefined) {
    headers['content-type'] = 'application/json'
    headers['content-length'] = Buffer.byteLength(payload)
  } else if (method === 'POST') headers['content-length'] = 0
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const call = request({ socketPath, path, method, headers, agent, signal }, resolve)
  call.on('error', reject)
  call.end(payload)
  try {
    return await promise
  } catch (error) {
    if (method === 'GET' && call.reusedSocket && !signal.aborted) return exchange(socketPath, false, ask)
    throw error
  }
}

async function textOf(answer: IncomingMessage, signal: AbortSignal): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > answerLimit) throw new EngineError('malformed', 'an answer of Docker is too long')
      chunks.push(chunk)
    }
  } catch (error) {
    throw connectionError(error, signal)
  }
  return Buffer.concat(chunks).toString()
}

/** The newest version that both sides know. */
function agree(answer: string): string {
  let theirs: unknown
  try {
    theirs = (JSON.parse(answer) as { ApiVersion?: unknown }).ApiVersion
  } catch {
    theirs = undefined
  }
  if (typeof theirs !== 'string' || !/^1\.\d{1,3}$/.test(theirs)) {
    throw new EngineError('malformed', "what answers on Docker's socket is not Docker")
  }
  return minor(theirs) < minor(ourApiVersion) ? theirs : ourApiVersion
}

const minor = (version: string): number => Number(version.slice(2))
