import type { IncomingMessage, ServerResponse } from 'node:http'
import { finished } from 'node:stream/promises'
import { BodyRefused, type Limits, readBody, usualLimits } from '../host/unix.ts'
import type { Reply } from './volume-driver.ts'

/** Most bytes of one call: 256 options of the longest references are a quarter of it. */
const limit = 1024 * 1024

/** dockerd starts up to 128 containers for each CPU at once, and a call that is turned away comes again without its body. */
export const pluginLimits: Limits = { ...usualLimits, maxConnections: 8192 }

/**
 * Answers dockerd's plugin calls over HTTP by `answer`; what is no POST or too large is refused. Each connection
 * carries one call: on one that was kept and closed meanwhile dockerd would repeat its call with an empty body.
 * Never throws.
 */
export function createPluginHandler(
  answer: (path: string, body: string) => Promise<Reply>,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    try {
      send(response, await replyTo(answer, request))
    } catch (error) {
      if (!(error instanceof BodyRefused)) return void response.destroy()
      // Who is still sending would not read the answer; the server's own time limit ends what never ends.
      await finished(request.resume()).catch(() => {})
      send(response, { status: error.status, body: { Err: `dso: ${error.message}` } })
    } finally {
      request.resume()
    }
  }
}

async function replyTo(
  answer: (path: string, body: string) => Promise<Reply>,
  request: IncomingMessage,
): Promise<Reply> {
  if (request.method !== 'POST') return { status: 405, body: { Err: 'dso: plugin calls are POST' } }
  const body = await readBody(request, limit)
  return answer((request.url ?? '').split('?', 1)[0] ?? '', Buffer.from(body).toString())
}

function send(response: ServerResponse, { status, body }: Reply): void {
  const text = `${JSON.stringify(body)}\n`
  response.writeHead(status, {
    connection: 'close',
    'content-type': 'application/vnd.docker.plugins.v1.2+json',
    'content-length': Buffer.byteLength(text),
  })
  response.end(text)
}
