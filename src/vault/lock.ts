import { lstatSync, readFileSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs'

/**
 * One writer: a symbolic link whose target names the process that holds it. It is made in one step, and it needs no room
 * for data, so that a full disk keeps nobody from opening what is on it. A holder that is gone (other boot, no such
 * process, or the number given to another process since) holds nothing.
 */
export interface Lock {
  release(): void
}

/** Takes the lock, or answers the id of the process that holds it. Throws what the file system says. */
export function takeLock(path: string): Lock | { readonly holder: string } {
  for (let tries = 0; tries < 5; tries += 1) {
    if (linked(holderText(process.pid), path)) return { release: () => release(path) }
    const held = holderOf(path)
    if (held === undefined) continue
    const [pid = ''] = held.split(':')
    if (held === holderText(pid) && pid !== String(process.pid)) return { holder: pid }
    takeAway(path, held)
  }
  return { holder: 'unknown' }
}

function release(path: string): void {
  if (holderOf(path) === holderText(process.pid)) rmSync(path, { force: true })
}

/** Removes a stale lock, and only that one: what was moved is looked at again, and put back if it is somebody's fresh one. */
function takeAway(path: string, stale: string): void {
  const aside = `${path}.stale.${process.pid}`
  try {
    renameSync(path, aside)
  } catch {
    return
  }
  const moved = holderOf(aside)
  if (moved !== undefined && moved !== stale) linked(moved, path)
  rmSync(aside, { force: true })
}

function linked(target: string, path: string): boolean {
  try {
    symlinkSync(target, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** What a lock says of its holder; `nobody` for what is no lock of ours; undefined when there is none. */
function holderOf(path: string): string | undefined {
  const there = lstatSync(path, { throwIfNoEntry: false })
  if (!there) return undefined
  try {
    return there.isSymbolicLink() ? readlinkSync(path) : 'nobody'
  } catch {
    return undefined
  }
}

/** Process id, the tick at which it started, and the boot: together they name one process for good. */
function holderText(pid: number | string): string {
  const stat = textOf(`/proc/${pid}/stat`) ?? ''
  const startedAt = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? 'gone'
  return `${pid}:${startedAt}:${textOf('/proc/sys/kernel/random/boot_id')?.trim()}`
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
