import { mkdirSync, rmdirSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { MountError, mountAll, unmountAll } from './mounts.ts'
import { swapActive } from './swap.ts'

/** How values are kept off the disk: RAM that the kernel never swaps, RAM while nothing swaps, RAM that cannot be swapped but has no limit of its own. */
export type RamKind = 'noswap' | 'no swap active' | 'ramfs'

/** What holds of mounts that stand: swap may have been switched on after they were made. */
export type RamState = RamKind | 'may be swapped'

/** Magic numbers of statfs(2). */
const types: Readonly<Record<number, 'tmpfs' | 'ramfs'>> = { 16914836: 'tmpfs', 2240043254: 'ramfs' }

/** The kind of RAM that a path lies in; undefined: it is no RAM. Throws the error of statfs. */
export function ramType(path: string): 'tmpfs' | 'ramfs' | undefined {
  return types[statfsSync(path).type]
}

/** Whether the kernel mounts tmpfs with `noswap` (Linux 6.4): tried once, in the directory `scratch`. */
export async function noswapWorks(scratch: string): Promise<boolean> {
  const target = join(scratch, '.noswap')
  mkdirSync(target, { recursive: true, mode: 0o700 })
  try {
    await mountAll(
      [{ source: 'dso', target, type: 'tmpfs', options: 'mode=0700,size=64k,noswap,nosuid,nodev,noexec' }],
      scratch,
    )
    await unmountAll([target])
    return true
  } catch (error) {
    if (error instanceof MountError) return false
    throw error
  } finally {
    rmdirSync(target)
  }
}

/** What new mounts are made of now: swap may be switched on at any time. */
export function ramKind(noswap: boolean): RamKind {
  if (noswap) return 'noswap'
  return swapActive() ? 'ramfs' : 'no swap active'
}

/** Whether what lies there may be written to swap now: tmpfs that the kernel swaps, from before swap was switched on. */
export const isSwappable = (path: string): boolean => swapActive() && ramType(path) === 'tmpfs'

/** What may be said of mounts at these paths, on a kernel without `noswap`. */
export function ramState(paths: readonly string[]): RamState {
  if (!swapActive()) return 'no swap active'
  return paths.some((path) => ramType(path) === 'tmpfs') ? 'may be swapped' : 'ramfs'
}

/** Type and options of a mount of this kind that only its owner enters. ramfs knows no limits. */
export function ramOptions(
  kind: RamKind,
  limits: { readonly bytes: number; readonly inodes: number },
): { type: string; options: string } {
  const common = 'mode=0700,nosuid,nodev,noexec'
  if (kind === 'ramfs') return { type: 'ramfs', options: common }
  const limited = `${common},size=${limits.bytes},nr_inodes=${limits.inodes}`
  return { type: 'tmpfs', options: kind === 'noswap' ? `${limited},noswap` : limited }
}
