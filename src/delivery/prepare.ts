import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, rmdirSync } from 'node:fs'
import { Failure, printable } from '../core/failure.ts'
import { checkpoint } from '../host/checkpoint.ts'
import { type MountLine, readMounts } from '../host/mountinfo.ts'
import { MountError, mountAll, unmountAll } from '../host/mounts.ts'
import { type RamKind, ramOptions, ramType } from '../host/ram.ts'
import { memoryBytes, type Prepared, type Slot, slotAt, slotBytes, slotInodes } from './layout.ts'

const restricted = ['ro', 'nosuid', 'nodev', 'noexec']

/**
 * Makes empty slots, all by two runs of mount(8) and one of umount(8). Each is a file system of its own and a read-only
 * bind of its `files`. The bind is set read-only on a staging place and bound from there: a dockerd that follows our
 * mounts from a namespace of its own gets it read-only only so. Throws Failure NOT_RAM when not all of them stand;
 * nothing of them is then left.
 */
export async function prepareSlots(root: string, count: number, kind: RamKind): Promise<Prepared[]> {
  const slots = Array.from({ length: count }, () => slotAt(root, randomBytes(16).toString('hex')))
  try {
    for (const { directory, state, exposed, stage } of slots) {
      mkdirSync(directory, { mode: 0o700 })
      for (const path of [state, exposed, stage]) mkdirSync(path, { mode: 0o700 })
    }
    const ram = ramOptions(kind, { bytes: slotBytes + memoryBytes, inodes: slotInodes })
    await mountAll(
      slots.map(({ state }) => ({ source: 'dso', target: state, ...ram })),
      root,
    )
    for (const slot of slots) furnish(slot)
    await mountAll(slots.flatMap(binds), root)
    await unmountAll(slots.map(({ stage }) => stage))
    return verify(slots)
  } catch (error) {
    await removeSlots(slots)
    if (!(error instanceof MountError)) throw error
    throw new Failure(
      'NOT_RAM',
      `no RAM could be mounted for values: ${printable(error.message)}`,
      'see docker dso doctor',
    )
  }
}

/** Nothing is made in what turns out to be a disk. */
function furnish({ state, files, manifests }: Slot): void {
  if (ramType(state) === undefined) throw new MountError(`${state} is not in RAM`)
  mkdirSync(files, { mode: 0o755 })
  chmodSync(files, 0o555)
  mkdirSync(manifests, { mode: 0o700 })
}

const binds = ({ files, stage, exposed }: Slot) => [
  { source: files, target: stage, type: 'none', options: ['bind', ...restricted].join(',') },
  { source: stage, target: exposed, type: 'none', options: 'bind' },
]

function verify(slots: readonly Slot[]): Prepared[] {
  const lines = mountsByPlace()
  return slots.map((slot) => {
    const device = deviceOf(slot, lines)
    if (device === undefined || lines.has(slot.stage)) throw new MountError(`${slot.directory} is not mounted as asked`)
    rmdirSync(slot.stage)
    return { slot, device }
  })
}

/** What this process sees mounted, by mount point; of several at one place the one on top. */
export const mountsByPlace = (): Map<string, MountLine> =>
  new Map(readMounts('self').map((line) => [line.mountPoint, line]))

/** The device of a slot that stands as it should: RAM behind, and its files shown read-only. */
export function deviceOf({ state, exposed }: Slot, lines: ReadonlyMap<string, MountLine>): string | undefined {
  const inside = lines.get(state)
  const shown = lines.get(exposed)
  if (!inside || !shown || inside.root !== '/' || shown.root !== '/files' || inside.device !== shown.device)
    return undefined
  if (inside.type !== 'tmpfs' && inside.type !== 'ramfs') return undefined
  return restricted.every((option) => shown.options.includes(option)) ? inside.device : undefined
}

/** Unmounts slots, what is shown first, and removes their directories. What is busy stays for the next time: its names are returned. */
export async function removeSlots(slots: readonly Slot[]): Promise<Slot[]> {
  const lines = mountsByPlace()
  const places = slots.flatMap(({ stage, exposed, state }) => [stage, exposed, state])
  await unmountAll(places.filter((place) => lines.has(place)))
  if (slots.length > 0) checkpoint('remove.1')
  return slots.filter((slot) => !removeDirectories(slot))
}

function removeDirectories({ stage, exposed, state, directory }: Slot): boolean {
  try {
    for (const path of [stage, exposed, state, directory]) removeDirectory(path)
    return true
  } catch {
    return false
  }
}

function removeDirectory(path: string): void {
  try {
    rmdirSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}
