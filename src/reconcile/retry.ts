import type { Emit } from '../core/event.ts'
import { isFailure } from '../core/failure.ts'
import type { Workload } from '../core/model.ts'
import { isEngineError } from '../docker/engine.ts'
import type { Run } from './queue.ts'
import type { Outcome } from './reconcile.ts'

/** Remembers how the last run of each workload went: when to try again, and what to say of it. */
export interface Retry {
  ran(workload: Workload, run: Run<Outcome>): number | undefined
  /** Milliseconds until the next try. The same trouble is told once. */
  failed(workload: Workload, error: unknown): number
  failing(): Iterable<Workload>
  /** Why running containers do not hold what is wanted; undefined: they do. */
  behind(workload: Workload): string | undefined
  inWords(error: unknown): string
}

const firstMs = 1_000
const longestMs = 60_000

export function createRetry(emit: Emit): Retry {
  const failures = new Map<Workload, { readonly count: number; readonly message: string }>()
  const behind = new Map<Workload, string>()

  const failed = (workload: Workload, error: unknown): number => {
    const message = inWords(error)
    const before = failures.get(workload)
    const count = (before?.count ?? 0) + 1
    failures.set(workload, { count, message })
    if (before?.message !== message) {
      const code = isFailure(error) ? error.code : 'AGENT_DOWN'
      emit({ kind: 'workload.failed', workload, code, message })
    }
    // Half of it is chance: what failed together is not tried again together.
    return Math.min(longestMs, firstMs * 2 ** (count - 1)) * (0.5 + Math.random() / 2)
  }

  return {
    failed,
    failing: () => failures.keys(),
    ran: (workload, run) => {
      if ('error' in run) return failed(workload, run.error)
      failures.delete(workload)
      if (run.outcome.behind === undefined) behind.delete(workload)
      else behind.set(workload, run.outcome.behind)
      return run.outcome.stale ? 0 : run.outcome.againMs
    },
    behind: (workload) => failures.get(workload)?.message ?? behind.get(workload),
    inWords,
  }
}

/** Of an error that is not ours only its kind passes (docs/requirements.md 9). */
function inWords(error: unknown): string {
  if (isFailure(error) || isEngineError(error)) return error.message
  const { code, name } = error as { code?: unknown; name?: unknown }
  return `unexpected error (${String(code ?? name ?? 'unknown')})`
}
