import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Reply } from './volume-driver.ts'

/** Most bytes of one call: 256 options of the longest references are a quarter of it. */
const limit = 1024 * 1024

/** Answers dockerd's plugin calls over HTTP by `answer`; what is no POST or too large is refused. Never throws. */
export function createPluginHandler(
  answer: (path: string, body: string) => Promise<Reply>,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    try {
      send(response, await replyTo(answer, request))
    } catch {
      // The caller went away in the middle of its own call.
      response.destroy()
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
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length <= limit) chunks.push(chunk)
  }
  if (length > limit) return { status: 413, body: { Err: 'dso: the request is larger than 1 MiB' } }
  return answer((request.url ?? '').split('?', 1)[0] ?? '', Buffer.concat(chunks).toString())
}

function send(response: ServerResponse, { status, body }: Reply): void {
  const text = `${JSON.stringify(body)}\n`
  response.writeHead(status, {
    'content-type': 'application/vnd.docker.plugins.v1.2+json',
    'content-length': Buffer.byteLength(text),
  })
  response.end(text)
}
