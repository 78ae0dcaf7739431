import * as z from 'zod'
import type { Emit } from '../core/event.ts'
import { type Code, failures } from '../core/failure.ts'
import type { Workload } from '../core/model.ts'
import { createMemory } from '../docker/memory.ts'

/** A start that was refused. Value-free. */
export interface Refusal {
  /** Ids of the containers that could not start. */
  readonly containers: readonly string[]
  readonly names: readonly string[]
  readonly workload: Workload
  readonly volume: string
  readonly code: Code
  readonly message: string
  /** ISO 8601. */
  readonly at: string
}

/** Refused starts that nothing has mended yet: what the loop starts again, and what status shows. */
export interface Refusals {
  /** Replaces what was known of these containers. One without containers is nobody's and is not kept. */
  set(refusal: Refusal): void
  /** These containers have started, or are gone. */
  clear(containers: readonly string[]): void
  all(): readonly Refusal[]
}

/** So many at most are kept; the oldest go first. */
const most = 1000

const codes = Object.keys(failures) as [Code, ...Code[]]
const shape = z.strictObject({
  format: z.literal(1),
  refusals: z.array(
    z.strictObject({
      containers: z.array(z.string()),
      names: z.array(z.string()),
      workload: z.string(),
      volume: z.string(),
      code: z.enum(codes),
      message: z.string(),
      at: z.string(),
    }),
  ),
})

/** On disk, so that a restart of the agent still knows which containers wait for it; memory wins over a disk that is full. */
export function createRefusals({ file, emit }: { readonly file: string; readonly emit?: Emit }): Refusals {
  const memory = createMemory({ file, shape, ...(emit && { emit }) })
  let refusals: readonly Refusal[] = memory.read()?.refusals ?? []

  const change = (next: readonly Refusal[]): void => {
    refusals = next.slice(-most)
    void memory.write(() => ({ format: 1, refusals: refusals.map(mutable) }))
  }

  return {
    set: (refusal) => {
      if (refusal.containers.length > 0) change([...without(refusals, refusal.containers), refusal])
    },
    clear: (containers) => {
      if (refusals.some((refusal) => refusal.containers.some((id) => containers.includes(id)))) {
        change(without(refusals, containers))
      }
    },
    all: () => refusals,
  }
}

function without(refusals: readonly Refusal[], containers: readonly string[]): Refusal[] {
  return refusals.flatMap((refusal) => {
    const kept = refusal.containers.flatMap((id, index) => (containers.includes(id) ? [] : [index]))
    if (kept.length === 0) return []
    const pick = (list: readonly string[]) => kept.map((index) => list[index] ?? '')
    return [{ ...refusal, containers: pick(refusal.containers), names: pick(refusal.names) }]
  })
}

const mutable = (refusal: Refusal) => ({ ...refusal, containers: [...refusal.containers], names: [...refusal.names] })
