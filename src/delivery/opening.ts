import { lstatSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../core/failure.ts'
import { deviceName, type MountLine } from '../host/mountinfo.ts'
import { mountAll } from '../host/mounts.ts'
import { noswapWorks, ramKind, ramOptions } from '../host/ram.ts'
import { mountsByPlace } from './prepare.ts'
import { secureRoot } from './root.ts'

/** The directory below the root that the store keeps its last good values in. */
export const storeAt = (root: string): string => join(root, 'store')
const storeInodes = 65_536

/**
 * Makes the place for values: the root, closed to everyone else, and the store's file system in it, kept when it is
 * there already. Returns whether the kernel keeps tmpfs out of swap, and all mounts. Throws Failure NOT_RAM.
 */
export async function openPlace(
  root: string,
  bytes: number,
): Promise<{ noswap: boolean; lines: ReadonlyMap<string, MountLine> }> {
  secureRoot(root)
  const store = storeAt(root)
  const lines = mountsByPlace()
  const there = lines.get(store)
  if (there) {
    verifyStore(store, there)
    return { noswap: there.superOptions.includes('noswap') || (await noswapWorks(root)), lines }
  }
  const noswap = await noswapWorks(root)
  mkdirSync(store, { recursive: true, mode: 0o700 })
  await mountAll(
    [{ source: 'dso', target: store, ...ramOptions(ramKind(noswap), { bytes, inodes: storeInodes }) }],
    root,
  )
  const mounted = mountsByPlace()
  verifyStore(store, mounted.get(store))
  return { noswap, lines: mounted }
}

function verifyStore(store: string, line: MountLine | undefined): void {
  const ours = line && line.root === '/' && deviceName(lstatSync(store).dev) === line.device
  if (ours && (line.type === 'tmpfs' || line.type === 'ramfs')) return
  throw new Failure('NOT_RAM', `${store} is not in RAM`, `unmount it (umount ${store}) and start the container again`)
}
