import type { ObservedMount, Workload } from '../core/model.ts'
import { isOpen } from '../core/plan.ts'
import { recover } from '../core/recover.ts'
import type { Plan } from '../core/step.ts'
import type { Delivery } from '../delivery/delivery.ts'
import type { Entry, Journal } from './journal.ts'
import type { Quarantine } from './quarantine.ts'
import type { Rollouts } from './rollout.ts'

export interface TakeUpNeeds {
  readonly rollouts: Pick<Rollouts, 'takeBack'>
  readonly journal: Journal
  readonly delivery: Pick<Delivery, 'prove'>
  readonly quarantine: Pick<Quarantine, 'all'>
}

/** A workload that no rollout of this process is about. */
export interface Left {
  readonly workload: Workload
  readonly mounts: readonly ObservedMount[]
  readonly entry: Entry | undefined
}

/**
 * Ends what an earlier life of the agent left half done: closes what is not open any more, proves what was well, takes back
 * what had failed. True:
 * the mounts have changed, look again. False: look at the workload as at any other. Throws what keeps it from being taken back.
 */
export async function takeUp(needs: TakeUpNeeds, { workload, mounts, entry }: Left): Promise<boolean> {
  const recovery = recover({ entry, mounts, quarantined: needs.quarantine.all() })
  if (recovery.kind === 'close' && entry) await needs.journal.end(entry.record.id, recovery.outcome)
  if (recovery.kind === 'prove') {
    for (const slot of recovery.slots) await needs.delivery.prove(slot)
    return true
  }
  if (recovery.kind !== 'take back') return false
  const before = entry ?? { ...unknown(workload), phase: 'back' as const }
  const rollout = needs.rollouts.takeBack(backOf(workload, mounts, { ...before, phase: 'back' }))
  await rollout.done
  await rollout.moved
  return true
}

/** The work of taking back: the mounts that are open, and those whose process may not have been told yet. */
function backOf(workload: Workload, mounts: readonly ObservedMount[], before: Entry) {
  const named = new Map(before.moved.map((one) => [one.slot, one]))
  const targets = mounts
    .filter((mount) => isOpen(mount) || named.has(mount.slot))
    .map((mount) => ({
      mount,
      container: named.get(mount.slot)?.container ?? mount.authorised[0] ?? mount.slot,
      wanted: mount.generation,
    }))
  const { cause, strategy } = before.record
  const plan: Plan = { workload, cause, strategy: strategy as Plan['strategy'], reason: 'taken back', steps: [] }
  const ids = new Map(before.moved.map(({ container, containerId }) => [container, containerId]))
  return { plan, targets, ids, before, ...(before.signal !== undefined && { signal: before.signal }) }
}

/** An entry for a rollout whose journal is lost. */
function unknown(workload: Workload): Entry {
  const now = Date.now()
  const startedAt = new Date(now).toISOString()
  const record = {
    id: now.toString(36),
    workload,
    cause: 'not known',
    strategy: 'live',
    startedAt,
    outcome: 'open',
  } as const
  return { record, phase: 'forward', moved: [], firstAt: now, ailing: [] }
}

/** The open entry of a workload. An older one beside it was being superseded when the agent ended. */
export async function newestEntry(journal: Journal, workload: Workload): Promise<Entry | undefined> {
  const entries = journal.entries().filter(({ record }) => record.workload === workload)
  const newest = entries.toSorted((a, b) => Date.parse(a.record.startedAt) - Date.parse(b.record.startedAt)).at(-1)
  for (const entry of entries) if (entry !== newest) await journal.end(entry.record.id, 'superseded')
  return newest
}
