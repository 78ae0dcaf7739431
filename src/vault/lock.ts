import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'

/**
 * One writer: a file that names the process that holds it, made in one step (link). A holder that is gone (other boot, no
 * such process, or the number given to another process since) holds nothing.
 */
export interface Lock {
  release(): void
}

/** Takes the lock, or answers the id of the process that holds it. */
export function takeLock(path: string): Lock | { readonly holder: string } {
  const own = `${path}.${process.pid}`
  writeFileSync(own, holderText(process.pid), { mode: 0o600 })
  try {
    for (let tries = 0; tries < 5; tries += 1) {
      if (linked(own, path)) return { release: () => release(path) }
      const held = textOf(path)
      if (held === undefined) continue
      const [pid = ''] = held.split(' ')
      if (held === holderText(pid) && pid !== String(process.pid)) return { holder: pid }
      takeAway(path, held)
    }
    return { holder: 'unknown' }
  } finally {
    rmSync(own, { force: true })
  }
}

function release(path: string): void {
  if (textOf(path) === holderText(process.pid)) rmSync(path, { force: true })
}

/** Removes a stale lock, and only that one: what was moved is looked at again, and put back if it is somebody's fresh one. */
function takeAway(path: string, stale: string): void {
  const aside = `${path}.stale.${process.pid}`
  try {
    renameSync(path, aside)
  } catch {
    return
  }
  if (textOf(aside) !== stale) linked(aside, path)
  rmSync(aside, { force: true })
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Process id, the tick at which it started, and the boot: together they name one process for good. */
function holderText(pid: number | string): string {
  const stat = textOf(`/proc/${pid}/stat`) ?? ''
  const startedAt = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? 'gone'
  return `${pid} ${startedAt} ${textOf('/proc/sys/kernel/random/boot_id')?.trim()}\n`
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
