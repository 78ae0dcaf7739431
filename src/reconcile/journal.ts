import * as z from 'zod'
import type { RolloutRecord } from '../core/api.ts'
import { type Code, failures } from '../core/failure.ts'
import type { Workload } from '../core/model.ts'
import type { OpenEntry } from '../core/recover.ts'
import type { Keep } from './keep.ts'

/** An open rollout, without values. */
export interface Entry extends OpenEntry {
  readonly record: RolloutRecord
  /** What its processes are told by. */
  readonly signal?: string
  /** Why it is taken back, once it is. */
  readonly failure?: { readonly code: Code; readonly message: string }
  /** Milliseconds since 1970: when the first rollout of a chain of superseded ones began. */
  readonly firstAt: number
  /** Containers that were unhealthy before: not watched. */
  readonly ailing: readonly string[]
}

/** The open rollouts and the last ended ones, one file each. */
export interface Journal {
  /** The entry is on disk (or tmpfs) when this returns: it comes before the effect that it names. */
  write(entry: Entry): Promise<void>
  /** Ends a rollout. Its record stays among the last ones. */
  end(id: string, outcome: Exclude<RolloutRecord['outcome'], 'open'>, message?: string): Promise<RolloutRecord>
  entries(): readonly Entry[]
  /** Open and ended, newest first. */
  records(workload?: Workload): readonly RolloutRecord[]
}

const kept = 200
const folder = 'journal'

const record = z.object({
  id: z.string(),
  workload: z.string(),
  cause: z.string(),
  strategy: z.string(),
  startedAt: z.string(),
  endedAt: z.string().optional(),
  outcome: z.enum(['open', 'applied', 'rolled-back', 'superseded', 'ended']),
  message: z.string().optional(),
})
const shape = z.object({
  record,
  phase: z.enum(['forward', 'back']),
  moved: z.array(
    z.object({ slot: z.string(), container: z.string(), containerId: z.string(), from: z.string(), to: z.string() }),
  ),
  signal: z.string().optional(),
  failure: z.object({ code: z.enum(Object.keys(failures) as [Code, ...Code[]]), message: z.string() }).optional(),
  firstAt: z.number(),
  ailing: z.array(z.string()),
})

/** Reads what an earlier life of the agent left. */
export function createJournal(keep: Keep): Journal {
  const open = new Map<string, Entry>()
  let ended: readonly RolloutRecord[] = []
  for (const file of keep.list(folder)) {
    const entry = keep.read(`${folder}/${file}`, shape) as Entry | undefined
    if (entry?.record.outcome === 'open') open.set(entry.record.id, entry)
    else if (entry) ended = [...ended, entry.record]
  }
  ended = ended.toSorted((a, b) => compare(a.endedAt ?? '', b.endedAt ?? ''))

  const forget = async () => {
    const old = ended.slice(0, -kept)
    ended = ended.slice(-kept)
    await Promise.all(old.map(({ id }) => keep.remove(fileOf(id))))
  }

  return {
    write: async (entry) => {
      open.set(entry.record.id, entry)
      await keep.write(fileOf(entry.record.id), entry, 'crash')
    },
    end: async (id, outcome, message) => {
      const entry = open.get(id)
      if (!entry) throw new Error(`rollout ${id} is not open`)
      const endedAt = new Date().toISOString()
      const done = { ...entry.record, outcome, endedAt, ...(message !== undefined && { message }) }
      open.delete(id)
      ended = [...ended, done]
      await keep.write(fileOf(id), { ...entry, record: done }, 'crash')
      await forget()
      return done
    },
    entries: () => [...open.values()],
    records: (workload) =>
      [...ended, ...[...open.values()].map((entry) => entry.record)]
        .filter((one) => workload === undefined || one.workload === workload)
        .reverse(),
  }
}

const fileOf = (id: string): string => `${folder}/${id}.json`
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
