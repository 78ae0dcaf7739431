import type { WorkloadStatus } from '../core/api.ts'
import type { Workload, World } from '../core/model.ts'
import type { Journal } from './journal.ts'
import type { Pauses } from './pause.ts'
import type { Quarantine } from './quarantine.ts'
import type { Refusals } from './refusals.ts'
import type { Rollouts } from './rollout.ts'
import { foreignHolders } from './targets.ts'

export interface StateNeeds {
  readonly world: () => World | undefined
  readonly refusals: Pick<Refusals, 'all'>
  readonly rollouts: Pick<Rollouts, 'of'>
  readonly quarantine: Pick<Quarantine, 'all'>
  readonly pauses: Pick<Pauses, 'holds'>
  readonly journal: Pick<Journal, 'records'>
  /** Why running containers do not hold what is wanted. */
  readonly behind: (workload: Workload) => string | undefined
}

export interface State {
  readonly state: WorkloadStatus['state']
  readonly message?: string
  readonly changedAt?: string
}

/** How a workload stands, the worst first. */
export function stateOf(needs: StateNeeds, workload: Workload): State {
  const changedAt = needs.journal.records(workload).find(({ outcome }) => outcome === 'applied')?.endedAt
  return { ...standing(needs, workload), ...(changedAt !== undefined && { changedAt }) }
}

function standing(needs: StateNeeds, workload: Workload): Omit<State, 'changedAt'> {
  const mounts = needs.world()?.mounts.filter((mount) => mount.workload === workload) ?? []
  const foreign = mounts.flatMap(foreignHolders)[0]
  if (foreign !== undefined) {
    return { state: 'foreign', message: `its values were taken away: container ${foreign.slice(0, 12)} held them too` }
  }
  const refusal = needs.refusals.all().find((entry) => entry.workload === workload)
  if (refusal) return { state: 'refused', message: refusal.message }
  const open = needs.rollouts.of(workload)
  if (open) return { state: 'changing', message: open.entry().record.cause }
  const bad = needs.quarantine.all().find((entry) => entry.workload === workload)
  if (bad) return { state: 'rolled-back', message: `version ${bad.version} of ${bad.read}: ${bad.reason}` }
  if (needs.pauses.holds(workload)) return { state: 'paused' }
  const behind = needs.behind(workload)
  return behind === undefined ? { state: 'ok' } : { state: 'outdated', message: behind }
}
