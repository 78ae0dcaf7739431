import { request } from 'node:http'

/** An answer of an HTTP server on a Unix socket. */
export interface Answer {
  readonly status: number
  readonly body: string
  json(): unknown
}

/** What to ask for, beside the path. */
export interface Question {
  readonly method?: string | undefined
  readonly body?: unknown
  readonly timeoutMs?: number | undefined
}

/** Asks the HTTP server on the Unix socket once, on a connection of its own; a body is sent as JSON. */
export function ask(socketPath: string, path: string, question: Question = {}): Promise<Answer> {
  const { method = 'GET', body, timeoutMs = 10_000 } = question
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const payload = body === undefined ? undefined : JSON.stringify(body)
  const headers = payload === undefined ? {} : { 'content-type': 'application/json' }
  const signal = AbortSignal.timeout(timeoutMs)
  const call = request({ socketPath, path, method, headers, agent: false, signal }, (response) => {
    const chunks: Buffer[] = []
    response.on('data', (chunk: Buffer) => chunks.push(chunk))
    response.on('error', reject)
    response.on('end', () => {
      const text = Buffer.concat(chunks).toString()
      resolve({ status: response.statusCode ?? 0, body: text, json: () => JSON.parse(text) as unknown })
    })
  })
  call.on('error', reject)
  call.end(payload)
  return promise
}
