import type { Generation } from '../core/model.ts'
import type { DeliveredMount } from './delivery-types.ts'
import type { Slot } from './layout.ts'
import { type MountRecord, writeRecord } from './record.ts'

/** A mount as the agent knows it between two looks. */
export interface Mounted {
  readonly slot: Slot
  /** `major:minor` of its own file system. */
  readonly device: string
  record: MountRecord
  generation: Generation
  /** Container ids, as of the last look. */
  holders: readonly string[]
}

export const observed = ({ slot, record, generation, holders }: Mounted): DeliveredMount => ({
  ...record,
  slot: slot.name,
  directory: slot.exposed,
  generation,
  holders,
})

/**
 * Changes what a mount remembers of itself, for the next agent in its RAM as well. Where that is full it is not told: it
 * finds an older truth there and looks again (a proof is watched for again, a holder seen again).
 */
export function amend(mounted: Mounted, change: Partial<MountRecord>): void {
  mounted.record = { ...mounted.record, ...change }
  try {
    writeRecord(mounted.slot, mounted.record)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  }
}

/** All mounts, by slot and by mount id. */
export interface Mounts {
  readonly all: () => readonly Mounted[]
  bySlot(name: string): Mounted | undefined
  byId(mountId: string): Mounted | undefined
  add(mounted: Mounted): void
  remove(mounted: Mounted): void
}

export function createMounts(): Mounts {
  const slots = new Map<string, Mounted>()
  const ids = new Map<string, Mounted>()
  return {
    all: () => [...slots.values()],
    bySlot: (name) => slots.get(name),
    byId: (mountId) => ids.get(mountId),
    add: (mounted) => {
      slots.set(mounted.slot.name, mounted)
      ids.set(mounted.record.mountId, mounted)
    },
    remove: (mounted) => {
      slots.delete(mounted.slot.name)
      if (ids.get(mounted.record.mountId) === mounted) ids.delete(mounted.record.mountId)
    },
  }
}

/** Makes equal generations one object: a thousand mounts of one volume are to hold one description. */
export function createIntern(): (generation: Generation) => Generation {
  const known = new Map<string, WeakRef<Generation>>()
  const gone = new FinalizationRegistry<string>((fingerprint) => {
    if (known.get(fingerprint)?.deref() === undefined) known.delete(fingerprint)
  })
  return (generation) => {
    const before = known.get(generation.fingerprint)?.deref()
    if (before) return before
    known.set(generation.fingerprint, new WeakRef(generation))
    gone.register(generation, generation.fingerprint)
    return generation
  }
}
