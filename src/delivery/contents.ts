import { existsSync, lstatSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../core/failure.ts'
import type { Generation } from '../core/model.ts'
import { deviceName } from '../host/mountinfo.ts'
import { ramType } from '../host/ram.ts'
import type { RenderedFile } from '../store/secret.ts'
import { currentName, otherNames, removeGeneration, swapFiles, tidyLinks } from './atomic-directory.ts'
import type { Slot } from './layout.ts'
import { type Ledger, mountFull, ramOf } from './ledger.ts'
import { type Manifest, manifestNames, readManifest, removeManifest, writeManifest } from './record.ts'

/** A reader that had just resolved `..data` when it was swapped still finds its files so long. */
const keptMs = 6000

/** The files of the mounts: the only place that writes values. */
export interface Contents {
  /**
   * Replaces all files of a slot in one rename. The device is the slot's own, so that nothing is written where it is no
   * longer mounted. Throws Failure RAM_FULL or NOT_RAM; the old files then serve on, whole.
   */
  write(slot: Slot, device: string, generation: Generation, files: readonly RenderedFile[]): void
  /** What is in a slot found on the host; what a crash left half done goes. Undefined when nothing was ever delivered into it, or its files are gone: it was being released. */
  adopt(slot: Slot): Generation | undefined
  /** Removes all files. */
  wipe(slot: Slot): void
}

export function createContents(ledger: Ledger): Contents {
  const sizes = new Map<string, Map<string, number>>()
  const sizesOf = (slot: Slot): Map<string, number> => {
    const known = sizes.get(slot.name) ?? new Map<string, number>()
    sizes.set(slot.name, known)
    return known
  }
  const count = (slot: Slot, current: string) => {
    let now = 0
    let before = 0
    for (const [name, bytes] of sizesOf(slot)) {
      if (name === current) now = bytes
      else before += bytes
    }
    ledger.set(slot.name, now, before)
  }
  const collect = (slot: Slot, name: string) => {
    const current = currentName(slot.files)
    if (!sizes.has(slot.name) || current === undefined || name === current) return
    removeGeneration(slot.files, name)
    removeManifest(slot, name)
    sizesOf(slot).delete(name)
    count(slot, current)
  }
  const retire = (slot: Slot, name: string) => void setTimeout(() => quietly(() => collect(slot, name)), keptMs).unref()
  const makeRoom = (slot: Slot, bytes: number) => {
    try {
      ledger.check(slot.name, bytes)
    } catch {
      for (const name of otherNames(slot.files)) collect(slot, name)
      ledger.check(slot.name, bytes)
    }
  }
  return {
    write: (slot, device, generation, files) => {
      verify(slot, device)
      const bytes = ramOf(files)
      makeRoom(slot, bytes)
      try {
        const swap = swapFiles(slot.files, files, (name) => writeManifest(slot, name, { generation, bytes }))
        sizesOf(slot).set(swap.name, bytes)
        count(slot, swap.name)
        if (swap.replaced !== undefined) retire(slot, swap.replaced)
      } catch (error) {
        throw (error as NodeJS.ErrnoException).code === 'ENOSPC' ? mountFull() : error
      }
    },
    adopt: (slot) => {
      const current = currentName(slot.files)
      if (current === undefined || !existsSync(join(slot.files, current))) return undefined
      const manifest: Manifest = readManifest(slot, current) ?? { generation: unknownGeneration, bytes: 0 }
      tidyLinks(slot.files)
      for (const name of [...otherNames(slot.files), ...manifestNames(slot)]) {
        if (name === current) continue
        sizesOf(slot).set(name, readManifest(slot, name)?.bytes ?? 0)
        retire(slot, name)
      }
      sizesOf(slot).set(current, manifest.bytes)
      count(slot, current)
      return manifest.generation
    },
    wipe: (slot) => {
      sizes.delete(slot.name)
      ledger.drop(slot.name)
      const current = currentName(slot.files)
      for (const name of [...otherNames(slot.files), ...(current === undefined ? [] : [current])])
        removeGeneration(slot.files, name)
    },
  }
}

/** Equal to none: whatever is asked for is delivered anew. */
const unknownGeneration: Generation = { bindings: [], reads: {}, fingerprint: 'unknown' }

/** Before every write: it is RAM, and this slot's. */
function verify({ state, files }: Slot, device: string): void {
  if (ramType(files) !== undefined && deviceName(lstatSync(files).dev) === device) return
  throw new Failure('NOT_RAM', `${state} is not the RAM that was mounted there`, 'start the container again')
}

/** Tidying up has nobody to tell; what stays is looked for at the next start. */
function quietly(act: () => void): void {
  try {
    act()
  } catch {
    return
  }
}
