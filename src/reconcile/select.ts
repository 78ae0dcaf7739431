import type { Workload, World } from '../core/model.ts'
import type { Journal } from './journal.ts'
import type { Quarantine } from './quarantine.ts'
import type { Wake } from './queue.ts'
import type { Refusals } from './refusals.ts'
import type { Targets } from './targets.ts'

export interface Known {
  readonly refusals: Pick<Refusals, 'all'>
  readonly journal: Pick<Journal, 'entries'>
  readonly quarantine: Pick<Quarantine, 'all'>
  readonly targets: Pick<Targets, 'awaits'>
  /** Workloads whose last run failed: any change may be what they wait for. */
  readonly failing: Iterable<Workload>
}

/** The workloads that a wake is about, by what is there now. */
export function select(wake: Wake, { mounts }: World, known: Known): ReadonlySet<Workload> {
  const chosen = new Set<Workload>(wake.workloads)
  const { containers, reads, all } = wake
  for (const mount of mounts) {
    const { workload } = mount
    if (all || containers?.some((id) => mount.authorised.includes(id) || mount.holders.includes(id)))
      chosen.add(workload)
    else if (reads?.some((read) => usesRead(mount, read) || known.targets.awaits(workload, read))) chosen.add(workload)
  }
  if (all || reads) for (const workload of known.failing) chosen.add(workload)
  if (all) for (const { record } of known.journal.entries()) chosen.add(record.workload)
  for (const entry of known.quarantine.all()) if (reads?.includes(entry.read)) chosen.add(entry.workload)
  return chosen
}

/** A wildcard read stands for all of its path: what it touches is known by `awaits`. */
const usesRead = (mount: World['mounts'][number], read: string): boolean =>
  mount.generation.reads[read] !== undefined || mount.proved.reads[read] !== undefined
