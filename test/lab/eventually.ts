import { setTimeout as sleep } from 'node:timers/promises'

/** How long to poll, how often, and what is awaited (named in the error). */
export interface EventuallyOptions {
  readonly what?: string | undefined
  readonly deadlineMs?: number | undefined
  readonly intervalMs?: number | undefined
}

/**
 * Polls until `attempt` returns something truthy (or nothing at all) without throwing, and returns that.
 * `false`, `null`, `0` and `''` mean "not yet". The error at the deadline names `what` and the last failure.
 */
export async function eventually<T>(attempt: () => T | Promise<T>, options: EventuallyOptions = {}): Promise<T> {
  const { what = 'a condition', deadlineMs = 10_000, intervalMs = 25 } = options
  const end = performance.now() + deadlineMs
  for (;;) {
    let last: unknown
    try {
      const value = await attempt()
      if (value === undefined || value) return value
      last = `returned ${JSON.stringify(value)}`
    } catch (error) {
      last = error
    }
    if (performance.now() >= end)
      throw new Error(`${what}: not within ${deadlineMs} ms: ${said(last)}`, { cause: last })
    await sleep(intervalMs)
  }
}

const said = (failure: unknown): string => (failure instanceof Error ? failure.message : String(failure))
