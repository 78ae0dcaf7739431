import { printable } from '../core/failure.ts'

/**
 * Why a call of the engine did not do what it should.
 * - `absent`: no such container, image or volume (404).
 * - `conflict`: it is in a state that does not allow it (409), as a kill of a stopped container.
 * - `unchanged`: it already is as asked (304).
 * - `refused`: any other answer than success.
 * - `unreachable`: no connection, or it broke.
 * - `timeout`: the deadline in the signal passed.
 * - `malformed`: what answers does not speak the engine's API.
 */
export type EngineErrorKind = 'absent' | 'conflict' | 'unchanged' | 'refused' | 'unreachable' | 'timeout' | 'malformed'

/** The message is one printable line: Docker's own text, never a body. */
export class EngineError extends Error {
  override readonly name = 'EngineError'
  readonly kind: EngineErrorKind
  /** The HTTP status; absent when there was no answer. */
  readonly status: number | undefined

  constructor(kind: EngineErrorKind, message: string, status?: number) {
    super(printable(message.trim().slice(0, 300)))
    this.kind = kind
    this.status = status
  }
}

export const isEngineError = (error: unknown, kind?: EngineErrorKind): error is EngineError =>
  error instanceof EngineError && (kind === undefined || error.kind === kind)

const kinds: Readonly<Record<number, EngineErrorKind>> = { 304: 'unchanged', 404: 'absent', 409: 'conflict' }

/** An answer that is no success, as error: `body` is Docker's `{ "message": … }`. */
export function answeredError(status: number, body: string): EngineError {
  return new EngineError(kinds[status] ?? 'refused', messageIn(body) ?? `Docker answered ${status}`, status)
}

function messageIn(body: string): string | undefined {
  try {
    const { message } = JSON.parse(body) as { message?: unknown }
    return typeof message === 'string' ? message : undefined
  } catch {
    return undefined
  }
}

/** An error of the connection or of the signal, as the caller is to see it. */
export function connectionError(error: unknown, signal: AbortSignal): unknown {
  if (error instanceof EngineError) return error
  if (signal.aborted) {
    const reason: unknown = signal.reason
    if (reason instanceof DOMException && reason.name === 'TimeoutError') {
      return new EngineError('timeout', 'Docker did not answer in time')
    }
    return reason
  }
  const { code } = error as { code?: string }
  return new EngineError('unreachable', `Docker cannot be reached${code === undefined ? '' : ` (${code})`}`)
}
