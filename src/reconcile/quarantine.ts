import * as z from 'zod'
import type { Emit } from '../core/event.ts'
import { Failure } from '../core/failure.ts'
import type { Quarantined, ReadKey, Workload } from '../core/model.ts'
import type { Suspect } from '../core/plan.ts'
import type { Keep } from './keep.ts'

/** Versions that made a rollout of a workload fail: not tried again until their source has another, or an operator says so. */
export interface Quarantine {
  all(): readonly Quarantined[]
  /** On disk when this returns. */
  set(workload: Workload, suspects: readonly Suspect[], reason: string): Promise<void>
  /**
   * What a workload gets for a version that its source has now: undefined: that version; a string: the version that
   * serves; a Failure (QUARANTINED): none is known. A version that is neither the failed nor the serving one shows that
   * the source has moved on: the quarantine ends.
   */
  avoid(workload: Workload): (read: ReadKey, version: string) => string | undefined | Failure
  /** Ends the quarantines that `which` accepts; returns their workloads. */
  release(which: (entry: Quarantined) => boolean, reason: string): readonly Workload[]
}

const file = 'quarantine.json'
const shape = z.array(
  z.object({
    workload: z.string(),
    read: z.string(),
    version: z.string(),
    serving: z.string().optional(),
    reason: z.string(),
    since: z.string(),
  }),
)

/** One entry a workload and read: the newest failure counts. */
export function createQuarantine({ keep, emit }: { readonly keep: Keep; readonly emit: Emit }): Quarantine {
  let entries = (keep.read(file, shape) ?? []) as readonly Quarantined[]
  const save = (next: readonly Quarantined[]) => {
    entries = next
    return keep.write(file, entries, 'power')
  }
  const release = (which: (entry: Quarantined) => boolean, reason: string) => {
    const gone = entries.filter(which)
    if (gone.length === 0) return []
    void save(entries.filter((entry) => !which(entry)))
    for (const { workload, read, version } of gone) {
      emit({ kind: 'quarantine.released', workload, read, version, reason })
    }
    return [...new Set(gone.map(({ workload }) => workload))]
  }

  return {
    all: () => entries,
    set: async (workload, suspects, reason) => {
      if (suspects.length === 0) return
      const since = new Date().toISOString()
      const replaced = (entry: Quarantined) =>
        entry.workload === workload && suspects.some(({ read }) => read === entry.read)
      const added = suspects.map((suspect) => ({ workload, ...suspect, reason, since }))
      await save([...entries.filter((entry) => !replaced(entry)), ...added])
      for (const { read, version } of added) emit({ kind: 'quarantine.set', workload, read, version, reason })
    },
    avoid: (workload) => (read, version) => {
      const entry = entries.find((candidate) => candidate.workload === workload && candidate.read === read)
      if (!entry || entry.serving === version) return undefined
      if (entry.version === version) return entry.serving ?? refusal(entry)
      release((candidate) => candidate === entry, 'the source has another version')
      return undefined
    },
    release,
  }
}

const refusal = ({ workload, read, version, reason }: Quarantined): Failure =>
  new Failure(
    'QUARANTINED',
    `version ${version} of ${read} failed before (${reason}) and no earlier version is known`,
    `set another value, or try it again: docker dso sync ${workload} --retry`,
    workload,
  )
