import type { Step } from '../core/step.ts'
import { inSeconds, judgeProbes, timeoutOf, type Verdict } from '../core/verdict.ts'
import type { Inspected } from '../docker/engine.ts'
import type { HealthNeeds } from './health.ts'
import { type Attempt, probeOf } from './probe.ts'

/** Decides whether one container is well, look by look. Its clock is monotonic and stands while the container is paused. */
export interface Judge {
  look(sight: Inspected, signal: AbortSignal): Promise<Verdict>
  /** The time since the last look does not count: nobody could look. */
  hold(): void
}

type Way = (sight: Inspected, elapsedMs: number, signal: AbortSignal) => Promise<Verdict>

/** An application gets so long to take the new files before the first attempt of a check, and between two. */
const paceMs = 1_000
const attemptMs = 10_000
/** So many attempts in a row fail the change, as Docker's own health checks do. */
const attempts = 3

/** By the label's check, else by the container's health check, else by its having settled. */
export function judgeOf(step: Step<'watch'>, first: Inspected, changedAt: number, needs: HealthNeeds): Judge {
  const { rotation } = needs.settings()
  const timeoutMs = timeoutOf(step.timeoutMs, rotation.timeoutMs, step.check ? undefined : first.healthcheck)
  if (step.check) return timed(timeoutMs, byCheck(probeOf(step.check, first, needs.engine)))
  if (first.healthcheck) return timed(timeoutMs, async (sight) => judgeProbes(sight, changedAt, Date.now()))
  return timed(Number.POSITIVE_INFINITY, bySettling(step.settleMs ?? rotation.settleMs))
}

function timed(timeoutMs: number, way: Way): Judge {
  let elapsedMs = 0
  let lookedAt = performance.now()
  const advance = (counts: boolean) => {
    const now = performance.now()
    if (counts) elapsedMs += now - lookedAt
    lookedAt = now
  }
  return {
    hold: () => advance(false),
    look: async (sight, signal) => {
      advance(!sight.state.paused)
      if (sight.state.paused) return { kind: 'wait', ms: paceMs }
      const verdict = await way(sight, elapsedMs, signal)
      if (verdict.kind !== 'wait') return verdict
      const leftMs = timeoutMs - elapsedMs
      if (leftMs > 0) return { kind: 'wait', ms: Math.min(verdict.ms, leftMs) }
      return { kind: 'failed', reason: `it did not become healthy within ${inSeconds(timeoutMs)}` }
    },
  }
}

function byCheck(attempt: Attempt): Way {
  let failures = 0
  let begun = false
  return async (_sight, _elapsedMs, signal) => {
    if (!begun) {
      begun = true
      return { kind: 'wait', ms: paceMs }
    }
    const reason = await attempt(AbortSignal.any([signal, AbortSignal.timeout(attemptMs)])).catch(() => {
      signal.throwIfAborted()
      return 'its check could not be run'
    })
    if (reason === undefined) return { kind: 'well' }
    failures += 1
    return failures >= attempts ? { kind: 'failed', reason } : { kind: 'wait', ms: paceMs }
  }
}

function bySettling(settleMs: number): Way {
  return async (_sight, elapsedMs) => {
    const leftMs = settleMs - elapsedMs
    // Ends are told by events; the look between is for an event that was lost.
    return leftMs <= 0 ? { kind: 'well' } : { kind: 'wait', ms: Math.min(leftMs, 10_000) }
  }
}
