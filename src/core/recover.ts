import type { ObservedMount, Quarantined, ReadKey } from './model.ts'
import { isOpen } from './plan.ts'

/** One mount of an open rollout as the journal holds it: names and fingerprints, no values. */
export interface Moved {
  readonly slot: string
  readonly container: string
  readonly containerId: string
  /** Fingerprint that was proved there before. */
  readonly from: string
  /** Fingerprint that the rollout puts there. */
  readonly to: string
}

/** An open rollout as the journal holds it. */
export interface OpenEntry {
  /** `back` from the moment that it was found to have failed: from there on it is only ever taken back. */
  readonly phase: 'forward' | 'back'
  readonly moved: readonly Moved[]
}

export type Recovery =
  /** Look at the workload as at any other: what is open is watched again. */
  | { readonly kind: 'go on' }
  /** It was well: the agent ended while it made these mounts' values the way back. */
  | { readonly kind: 'prove'; readonly slots: readonly string[] }
  /** It has failed already: put back what was proved, and tell again. */
  | { readonly kind: 'take back' }
  /** Nothing of it is open on the host any more. */
  | { readonly kind: 'close'; readonly outcome: 'applied' | 'superseded' | 'ended' }

/**
 * What becomes of a rollout that nobody is carrying out: after a crash, at any step. The host decides (a mount whose
 * files differ from what is proved is open); the journal tells only what the host cannot know.
 */
export function recover(o: {
  readonly entry: OpenEntry | undefined
  readonly mounts: readonly ObservedMount[]
  readonly quarantined: readonly Quarantined[]
}): Recovery {
  if (o.entry?.phase === 'back') return { kind: 'take back' }
  const open = o.mounts.filter(isOpen)
  if (open.some((mount) => holdsQuarantined(mount, o.quarantined))) return { kind: 'take back' }
  const slots = o.entry ? halfProved(o.entry, o.mounts) : []
  if (slots.length > 0) return { kind: 'prove', slots }
  if (open.length > 0 || !o.entry) return { kind: 'go on' }
  return { kind: 'close', outcome: outcomeOf(o.entry, o.mounts) }
}

/** The mounts that still are to be proved of a rollout of which another mount is: only one that was well proves any. */
function halfProved({ moved }: OpenEntry, mounts: readonly ObservedMount[]): readonly string[] {
  const at = new Map(mounts.map((mount) => [mount.slot, mount]))
  const begun = moved.some(({ slot, from, to }) => from !== to && at.get(slot)?.proved.fingerprint === to)
  if (!begun) return []
  return moved.flatMap(({ slot, to }) => {
    const mount = at.get(slot)
    return mount && isOpen(mount) && mount.generation.fingerprint === to ? [slot] : []
  })
}

/** What a rollout came to whose mounts are all proved, or gone. */
function outcomeOf({ moved }: OpenEntry, mounts: readonly ObservedMount[]): 'applied' | 'superseded' | 'ended' {
  const there = moved.flatMap(({ slot, to }) => {
    const mount = mounts.find((candidate) => candidate.slot === slot)
    return mount ? [{ mount, to }] : []
  })
  if (there.length === 0) return 'ended'
  return there.every(({ mount, to }) => mount.proved.fingerprint === to) ? 'applied' : 'superseded'
}

/** Whether what is in the files, and not proved, holds a version that made a rollout of this workload fail. */
function holdsQuarantined(
  { workload, generation, proved }: ObservedMount,
  quarantined: readonly Quarantined[],
): boolean {
  const failed = (read: ReadKey, version: string) =>
    quarantined.some((entry) => entry.workload === workload && entry.read === read && entry.version === version)
  return Object.entries(generation.reads).some(
    ([read, { version, mark }]) => proved.reads[read]?.mark !== mark && failed(read, version),
  )
}
