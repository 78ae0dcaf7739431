import { chmodSync, lstatSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { Failure } from '../core/failure.ts'

/**
 * Makes the directory that all values lie below, closed to everyone else, or refuses the one that is there: a link, not
 * ours, or where others could put another in its place (docs/requirements.md 3). Throws Failure NOT_RAM.
 */
export function secureRoot(root: string): void {
  mkdirSync(dirname(root), { recursive: true, mode: 0o711 })
  try {
    mkdirSync(root, { mode: 0o700 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  const { uid, mode } = entry(root)
  if (uid !== process.geteuid?.()) refuse(`${root} belongs to uid ${uid}`)
  refuseForeignParents(root)
  if ((mode & 0o7777) !== 0o700) chmodSync(root, 0o700)
}

/** The parent must be writable by its owner alone; further up, others may write where the sticky bit keeps our names ours. */
function refuseForeignParents(root: string): void {
  for (let path = dirname(root), first = true; ; path = dirname(path), first = false) {
    const { uid, mode } = entry(path)
    if (uid !== 0 && uid !== process.geteuid?.()) refuse(`${path} belongs to uid ${uid}`)
    const sticky = (mode & 0o1000) !== 0 && !first
    if ((mode & 0o022) !== 0 && !sticky) refuse(`others may write in ${path}`)
    if (path === dirname(path)) return
  }
}

function entry(path: string): { uid: number; mode: number } {
  const found = lstatSync(path)
  if (!found.isDirectory()) refuse(`${path} is no directory`)
  return found
}

function refuse(what: string): never {
  throw new Failure('NOT_RAM', `values cannot be kept safely: ${what}`, 'mend that, then start the container again')
}
