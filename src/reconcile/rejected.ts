import type { Workload } from '../core/model.ts'
import type { Target } from '../core/plan.ts'

/** What was not the generation's fault (a full tmpfs) is tried again after so long. */
const againMs = 60_000

/**
 * Generations that were taken back without a version to blame: no new version would end a quarantine, so they are not
 * tried again by this process until something else is wanted, or an operator says so.
 */
export interface Rejected {
  add(workload: Workload, targets: readonly Target[], reason: string, forGood: boolean): void
  /** Why this is not to be tried; undefined: it may be. */
  why(workload: Workload, fingerprint: string): string | undefined
  forgive(workload: Workload): void
}

export function createRejected(): Rejected {
  const rejected = new Map<Workload, { reason: string; until: number; fingerprints: ReadonlySet<string> }>()
  return {
    add: (workload, targets, reason, forGood) => {
      const until = forGood ? Number.POSITIVE_INFINITY : performance.now() + againMs
      const failed = targets.filter(({ mount, wanted }) => wanted.fingerprint !== mount.proved.fingerprint)
      const fingerprints = new Set(failed.map(({ wanted }) => wanted.fingerprint))
      rejected.set(workload, { reason, until, fingerprints })
    },
    why: (workload, fingerprint) => {
      const entry = rejected.get(workload)
      return entry?.fingerprints.has(fingerprint) && performance.now() < entry.until ? entry.reason : undefined
    },
    forgive: (workload) => void rejected.delete(workload),
  }
}
