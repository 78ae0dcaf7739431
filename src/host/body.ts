import type { IncomingMessage } from 'node:http'

/** A body that is not taken: `too large` past the limit, `too slow` past the deadline, `broken` when the connection ended before it. */
export class BodyRefused extends Error {
  override readonly name = 'BodyRefused'
  readonly reason: 'too large' | 'too slow' | 'broken'
  /** The status of HTTP that says so; answer it with `connection: close`. */
  readonly status: 400 | 408 | 413

  constructor(reason: BodyRefused['reason']) {
    super(`the body is ${reason}`)
    this.reason = reason
    this.status = reason === 'too large' ? 413 : reason === 'too slow' ? 408 : 400
  }
}

/**
 * Reads a whole body of at most `limit` bytes. The result is memory of its own that the caller may overwrite; the
 * pieces it came in are overwritten here. What is refused is not read to its end; the request can still be answered.
 * Throws BodyRefused.
 */
export async function readBody(
  request: IncomingMessage,
  limit: number,
  deadlineMs = 10_000,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Buffer[] = []
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const refuse = (reason: BodyRefused['reason']) => () => reject(new BodyRefused(reason))
  if (Number(request.headers['content-length'] ?? 0) > limit) refuse('too large')()
  let size = 0
  const take = (chunk: Buffer) => {
    chunks.push(chunk)
    size += chunk.length
    if (size > limit) refuse('too large')()
  }
  const broken = refuse('broken')
  const timer = setTimeout(refuse('too slow'), deadlineMs)
  request.on('data', take).once('end', resolve).once('error', broken).once('close', broken)
  try {
    await promise
    return joined(chunks, size)
  } finally {
    clearTimeout(timer)
    request.off('data', take).off('end', resolve).off('error', broken).off('close', broken).pause()
    for (const chunk of chunks) chunk.fill(0)
  }
}

function joined(chunks: readonly Buffer[], size: number): Uint8Array<ArrayBuffer> {
  const body = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    body.set(chunk, at)
    at += chunk.length
  }
  return body
}
