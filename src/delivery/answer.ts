import { Failure, isFailure } from '../core/failure.ts'
import type { Generation } from '../core/model.ts'
import { checkpoint } from '../host/checkpoint.ts'
import type { Contents } from './contents.ts'
import type { Birth } from './delivery-types.ts'
import { type Ledger, ramOf } from './ledger.ts'
import type { Mounted, Mounts } from './mounted.ts'
import type { Pool } from './pool.ts'
import { removeSlots } from './prepare.ts'
import { type MountRecord, writeRecord } from './record.ts'
import { createQueue } from './single-flight.ts'
import { createVisible } from './visible.ts'

interface Needs {
  readonly root: string
  readonly mounts: Mounts
  readonly contents: Contents
  readonly ledger: Ledger
  readonly pool: Pool
  readonly intern: (generation: Generation) => Generation
  /** Which mounts nobody holds. */
  readonly look: () => Promise<ReadonlySet<Mounted>>
  readonly release: () => Promise<void>
}

/** Answers a Mount with a directory that holds its files; calls with one mount id come one after another. */
export function createAnswer(needs: Needs): (birth: Birth) => Promise<string> {
  const { mounts } = needs
  const visible = createVisible(needs.root)
  const queue = createQueue()
  return (birth) =>
    queue(birth.mountId, async () => {
      const known = mounts.byId(birth.mountId)
      if (known && known.record.volume !== birth.volume) throw foreign(birth, known)
      if (known && !(await needs.look()).has(known)) return known.slot.exposed
      const mounted =
        known && mounts.bySlot(known.slot.name) === known ? refill(needs, known, birth) : await fill(needs, birth)
      visible(mounted.slot.exposed, mounted.device)
      return mounted.slot.exposed
    })
}

/** The id of an earlier start, as dockerd uses it again after a crash: nobody is in its directory, and it begins anew. */
function refill({ contents, intern }: Needs, mounted: Mounted, birth: Birth): Mounted {
  contents.write(mounted.slot, mounted.device, birth.generation, birth.files)
  mounted.generation = intern(birth.generation)
  mounted.record = recordOf(birth, mounted.generation, mounted.record.uses)
  writeRecord(mounted.slot, mounted.record)
  return mounted
}

/** Takes a spare, fills it, and only then says what it is: what a crash leaves before that was never answered. */
async function fill(needs: Needs, birth: Birth): Promise<Mounted> {
  const { contents, pool, mounts, intern } = needs
  await admit(needs, ramOf(birth.files))
  const { slot, device } = await pool.take()
  try {
    checkpoint('deliver.1')
    contents.write(slot, device, birth.generation, birth.files)
    checkpoint('deliver.2')
    const generation = intern(birth.generation)
    const mounted: Mounted = { slot, device, generation, record: recordOf(birth, generation, 0), holders: [] }
    writeRecord(slot, mounted.record)
    checkpoint('deliver.3')
    mounts.add(mounted)
    return mounted
  } catch (error) {
    contents.wipe(slot)
    void removeSlots([slot]).catch(() => {})
    throw error
  }
}

/** When there is no room, what nobody holds any more goes first. */
async function admit({ ledger, release }: Needs, bytes: number): Promise<void> {
  try {
    ledger.check(undefined, bytes)
  } catch (error) {
    if (!isFailure(error, 'RAM_FULL')) throw error
    await release()
    ledger.check(undefined, bytes)
  }
}

const recordOf = (birth: Birth, proved: Generation, uses: number): MountRecord => ({
  mountId: birth.mountId,
  volume: birth.volume,
  workload: birth.workload,
  authorised: birth.authorised,
  proved,
  answeredAt: Date.now(),
  uses,
  everHeld: false,
})

const foreign = (birth: Birth, { record }: Mounted) =>
  new Failure(
    'VOLUME_AMBIGUOUS',
    `volume ${birth.volume} was asked for with a mount id of volume ${record.volume}`,
    'start the container again',
    birth.workload,
  )
