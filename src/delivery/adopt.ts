import { readdirSync } from 'node:fs'
import type { MountLine } from '../host/mountinfo.ts'
import { currentName } from './atomic-directory.ts'
import type { Contents } from './contents.ts'
import { isSlotName, type Prepared, type Slot, slotAt } from './layout.ts'
import type { Mounted } from './mounted.ts'
import { deviceOf } from './prepare.ts'
import { readRecord } from './record.ts'

/** What an agent before us left below the root. */
export interface Found {
  readonly mounted: readonly Mounted[]
  /** Prepared and never given away. */
  readonly spares: readonly Prepared[]
  /** Half made, half removed, or filled and never answered: nobody can hold them. */
  readonly leftovers: readonly Slot[]
}

/** Sorts the slots on the host by what mountinfo and their own RAM say. Reads only, but for what a crash left inside a slot. */
export function findSlots(root: string, lines: ReadonlyMap<string, MountLine>, contents: Contents): Found {
  const found = { mounted: [] as Mounted[], spares: [] as Prepared[], leftovers: [] as Slot[] }
  for (const name of readdirSync(root).filter(isSlotName)) {
    const slot = slotAt(root, name)
    const device = deviceOf(slot, lines)
    if (device === undefined || lines.has(slot.stage)) {
      found.leftovers.push(slot)
      continue
    }
    const record = readRecord(slot)
    if (record) {
      const generation = contents.adopt(slot)
      if (generation) found.mounted.push({ slot, device, record, generation, holders: [] })
      else found.leftovers.push(slot)
    } else if (isSpare(slot)) found.spares.push({ slot, device })
    else found.leftovers.push(slot)
  }
  return found
}

const isSpare = ({ files }: Slot): boolean => currentName(files) === undefined && readdirSync(files).length === 0
