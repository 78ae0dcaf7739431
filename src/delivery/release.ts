import type { Emit } from '../core/event.ts'
import { checkpoint } from '../host/checkpoint.ts'
import type { Contents } from './contents.ts'
import { findHolders } from './holders.ts'
import type { Slot } from './layout.ts'
import { amend, type Mounted, type Mounts } from './mounted.ts'
import { removeSlots } from './prepare.ts'

/** dockerd may still be on its way from our answer to the bind that holds the directory. */
const graceMs = 120_000

/** Reads who holds what and notes it in the mounts. Returns the slots that nobody at all holds. Throws when /proc cannot be read. */
export async function lookAtHolders(mounts: Mounts): Promise<ReadonlySet<Mounted>> {
  const looked = mounts.all()
  const holders = await findHolders(new Map(looked.map(({ device, slot }) => [device, slot.name])))
  const free = new Set<Mounted>()
  for (const mounted of looked) {
    const found = holders.get(mounted.device)
    mounted.holders = found?.containers ?? []
    if (!found) free.add(mounted)
    else if (mounted.holders.length > 0 && !mounted.record.everHeld) amend(mounted, { everHeld: true })
  }
  return free
}

/** Nobody waits for it any more: it was held and given back since it was answered, or nobody came for it in time. */
const isOver = ({ record }: Mounted): boolean =>
  (record.everHeld && record.uses <= 0) || Date.now() - record.answeredAt > graceMs

/**
 * Releases what nobody holds (docs/requirements.md 6). Two looks must agree, since a list of mounts that changes while it is read
 * may lack a line. The files go first, then what is shown, then the RAM; what is busy is tried again by the next sweep.
 */
export function createRelease({ mounts, contents, emit }: { mounts: Mounts; contents: Contents; emit: Emit }) {
  let busy: Slot[] = []
  return async (): Promise<void> => {
    const first = [...(await lookAtHolders(mounts))].filter(isOver)
    const second = first.length === 0 ? new Set<Mounted>() : await lookAtHolders(mounts)
    const over = first.filter(
      (mounted) => second.has(mounted) && isOver(mounted) && mounts.bySlot(mounted.slot.name) === mounted,
    )
    for (const mounted of over) {
      mounts.remove(mounted)
      contents.wipe(mounted.slot)
      checkpoint('release.1')
    }
    const slots = [...busy.splice(0), ...over.map(({ slot }) => slot)]
    if (slots.length > 0) busy = [...busy, ...(await removeSlots(slots))]
    if (over.length > 0) checkpoint('release.2')
    for (const { record } of over) emit({ kind: 'mount.released', workload: record.workload, volume: record.volume })
  }
}
