import type { Emit } from '../core/event.ts'
import { makeGeneration } from '../core/generation.ts'
import { isSwappable, ramKind, ramState } from '../host/ram.ts'
import { findSlots } from './adopt.ts'
import { createAnswer } from './answer.ts'
import { type Contents, createContents } from './contents.ts'
import type { Delivery } from './delivery-types.ts'
import { createLedger } from './ledger.ts'
import { createMarker } from './marker.ts'
import { amend, createIntern, createMounts, type Mounted, type Mounts, observed } from './mounted.ts'
import { openPlace, storeAt } from './opening.ts'
import { createPool, type Pool } from './pool.ts'
import { prepareSlots, removeSlots } from './prepare.ts'
import { createRelease, lookAtHolders } from './release.ts'
import { createOnce, createShared } from './single-flight.ts'

export type { Birth, DeliveredMount, Delivery } from './delivery-types.ts'

export interface DeliveryNeeds {
  readonly root: string
  /** Most bytes of all mounts together (`delivery.size`), as it is now. */
  readonly sizeBytes: () => number
  readonly emit: Emit
}

/** Slots held ready. */
const spares = 8

/** The delivery below one root. Nothing happens before `open`. */
export function createDelivery({ root, sizeBytes, emit }: DeliveryNeeds): Delivery {
  const mounts = createMounts()
  const ledger = createLedger(sizeBytes)
  const contents = createContents(ledger)
  const intern = createIntern()
  let noswap = false
  let isOpen = false
  const problem = (message: string) => emit({ kind: 'problem', where: root, message })
  const pool = createPool({
    size: spares,
    prepare: (count) => prepareSlots(root, count, ramKind(noswap)),
    fits: ({ slot }) => noswap || !isSwappable(slot.state),
    discard: (slots) => void removeSlots(slots.map(({ slot }) => slot)).catch(() => {}),
    failed: (error) => problem(`no mounts could be prepared: ${(error as Error).message}`),
  })
  const open = createOnce(async () => {
    const place = await openPlace(root, sizeBytes())
    noswap = place.noswap
    isOpen = true
    const leftovers = adopt(root, place.lines, { mounts, contents, pool, intern })
    pool.fill()
    await removeSlots(leftovers)
  })
  /** Where values lie: the store once it is open, and every mount. */
  const standing = () => [...(isOpen ? [storeAt(root)] : []), ...mounts.all().map(({ slot }) => slot.state)]
  const look = createShared(() => lookAtHolders(mounts))
  const release = createShared(createRelease({ mounts, contents, emit }))
  const answer = createAnswer({ root, mounts, contents, ledger, pool, intern, look, release })
  const marker = createMarker({ pool, contents })
  return {
    open,
    ram: () => ({ kind: noswap ? 'noswap' : ramState(standing()), bytes: ledger.total() }),
    deliver: async (birth) => {
      await open()
      return answer(birth)
    },
    marker: async () => {
      await open()
      return marker()
    },
    find: (mountId) => {
      const mounted = mounts.byId(mountId)
      return mounted && observed(mounted)
    },
    all: () => mounts.all().map(observed),
    look: async () => {
      await look()
      return mounts.all().map(observed)
    },
    sweep: release,
    ...createChanges({ mounts, contents, intern }),
  }
}

/** What becomes of mounts that stand. */
function createChanges({
  mounts,
  contents,
  intern,
}: {
  mounts: Mounts
  contents: Contents
  intern: ReturnType<typeof createIntern>
}) {
  const renew: Delivery['renew'] = async (slot, generation, files) => {
    // The files of one mount are written at once; between two mounts others get their turn.
    await new Promise((resolve) => setImmediate(resolve))
    const mounted = mounts.bySlot(slot)
    if (!mounted) return
    contents.write(mounted.slot, mounted.device, generation, files)
    mounted.generation = intern(generation)
  }
  const prove: Delivery['prove'] = async (slot) => {
    const mounted = mounts.bySlot(slot)
    if (mounted && mounted.record.proved !== mounted.generation) amend(mounted, { proved: mounted.generation })
  }
  return {
    renew,
    prove,
    empty: async (slot: string) => {
      await renew(slot, makeGeneration([], {}), [])
      await prove(slot)
    },
    used: (mountId: string, by: 1 | -1) => {
      const mounted = mounts.byId(mountId)
      if (mounted) amend(mounted, { uses: mounted.record.uses + by })
    },
  }
}

interface Adopting {
  readonly mounts: Mounts
  readonly contents: Contents
  readonly pool: Pool
  readonly intern: ReturnType<typeof createIntern>
}

/** Takes over what is on the host; returns what is of no use. */
function adopt(
  root: string,
  lines: Awaited<ReturnType<typeof openPlace>>['lines'],
  { mounts, contents, pool, intern }: Adopting,
) {
  const found = findSlots(root, lines, contents)
  for (const mounted of found.mounted) {
    const record = { ...mounted.record, proved: intern(mounted.record.proved) }
    const adopted: Mounted = { ...mounted, record, generation: intern(mounted.generation) }
    mounts.add(adopted)
  }
  pool.give(found.spares)
  return found.leftovers
}
