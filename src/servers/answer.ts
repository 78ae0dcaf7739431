import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Code, Failure, failures } from '../core/failure.ts'
import { BodyRefused, readBody } from '../host/unix.ts'
import { Secret } from '../store/secret.ts'

/** One request as a route sees it. */
export interface Asked {
  readonly query: URLSearchParams
  /** The body, at most `limit` bytes. Throws VALUE_TOO_LARGE. */
  body(limit: number): Promise<Secret>
  /** Aborts when the caller goes away. */
  readonly signal: AbortSignal
}

/** What a route answers: JSON, the bytes of a secret (wiped after they are sent), or lines as they come. */
export type Answer =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'secret'; readonly secret: Secret }
  | { readonly kind: 'lines'; readonly run: (line: (value: unknown) => void) => Promise<void> }

export const json = (value: unknown): Answer => ({ kind: 'json', value })

/** A reader that is so far behind is no reader. */
const mostUnsent = 4 * 1024 * 1024

/** Sends the answer. Resolves when everything is handed to the socket; throws only before the head was sent. */
export async function send(response: ServerResponse, answer: Answer): Promise<void> {
  if (answer.kind === 'json') return sendJson(response, 200, answer.value)
  if (answer.kind === 'secret') return sendSecret(response, answer.secret)
  const line = (value: unknown) => {
    if (!response.headersSent) response.writeHead(200, { 'content-type': 'application/x-ndjson' })
    response.write(`${JSON.stringify(value)}\n`)
    if (response.writableLength > mostUnsent) response.destroy()
  }
  try {
    await answer.run(line)
  } catch (error) {
    if (!response.headersSent) throw error
    line({ error: failureOf(error).toJSON() })
  }
  if (!response.headersSent) response.writeHead(200, { 'content-type': 'application/x-ndjson' })
  response.end()
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const body = Buffer.from(`${JSON.stringify(value)}\n`)
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': body.byteLength })
  response.end(body)
}

function sendSecret(response: ServerResponse, secret: Secret): void {
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': secret.length })
  response.on('close', () => secret.wipe())
  response.end(secret.reveal((bytes) => bytes))
}

/** Answers with what went wrong, unless the head is out already. */
export function refuse(response: ServerResponse, error: unknown, status?: number): void {
  if (response.headersSent) return void response.destroy()
  const failure = failureOf(error)
  sendJson(response, status ?? statusOf(failure.code), { error: failure.toJSON() })
}

const statusOf = (code: Code): number =>
  ({ 2: 400, 3: 404, 4: 403, 5: 503, 6: 503, 7: 409 })[failures[code].exit as 2] ?? 500

/** What is no failure of ours says only its kind: its message could hold text from elsewhere. */
function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error
  const kind = error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.name) : 'error'
  return new Failure('AGENT_DOWN', `the agent could not do it (${kind})`, 'see its log: journalctl -u dso')
}

/** Reads a body of at most `limit` bytes. Throws VALUE_TOO_LARGE. */
export async function bodyOf(request: IncomingMessage, limit: number): Promise<Secret> {
  try {
    const bytes = await readBody(request, limit)
    const secret = new Secret(bytes)
    bytes.fill(0)
    return secret
  } catch (error) {
    if (!(error instanceof BodyRefused) || error.reason !== 'too large') throw error
    throw new Failure(
      'VALUE_TOO_LARGE',
      `the value is larger than ${limit} bytes`,
      'raise delivery.max_value in dso.yaml',
    )
  }
}
