import { randomBytes } from 'node:crypto'
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { checkpoint } from '../host/checkpoint.ts'
import type { RenderedFile } from '../store/secret.ts'
import { holdsExactly } from './compare.ts'

const data = '..data'
const next = '..data_tmp'

/** What a swap did: `name` is the directory that `..data` points to now, `replaced` the one it pointed to. */
export interface Swap {
  readonly name: string
  readonly replaced?: string
  readonly changed: boolean
}

/**
 * Replaces all files of a directory in one rename, in the order of Kubernetes' AtomicWriter. A reader that goes through
 * `..data` or through the links sees one whole set at any moment, and after a crash at any step.
 *
 *  1. The names are valid: one path segment each, not beginning with `..`, no two alike.
 *  2. Read where `..data` points to.
 *  3. If that set is equal, byte for byte and with its modes and owners, nothing is written.
 *  4. Make a directory `..TIME` that nobody looks into yet.
 *  5. Write all files into it, then close it (0555).
 *  6. Let the caller note what the new directory holds: `note` is called with its name.
 *  7. Make the links `NAME -> ..data/NAME` that are missing; until the rename they lead nowhere.
 *  8. Make `..data_tmp -> ..TIME`.
 *  9. Rename `..data_tmp` to `..data`: the swap.
 * 10. Remove the links that are no longer wanted.
 *
 * The directory that was replaced stays: a reader may just have resolved `..data`. The caller removes it some seconds
 * later. Not safe for concurrent calls on one directory; it is synchronous so that there are none. An error before step
 * 9 leaves the old set as it was and nothing of the new one; it is the file system's own (ENOSPC when the RAM is full).
 */
export function swapFiles(directory: string, files: readonly RenderedFile[], note: (name: string) => void): Swap {
  validate(files)
  const current = currentName(directory)
  checkpoint('swap.1')
  if (current !== undefined && holdsExactly(join(directory, current), files)) {
    note(current)
    unlink(directory, files)
    return { name: current, changed: false }
  }
  checkpoint('swap.2')
  const name = directoryName()
  const linked: string[] = []
  try {
    writeGeneration(directory, name, files)
    note(name)
    checkpoint('swap.5')
    link(directory, files, linked)
    checkpoint('swap.6')
    rmSync(join(directory, next), { recursive: true, force: true })
    symlinkSync(name, join(directory, next))
    checkpoint('swap.7')
    if (current === undefined) rmSync(join(directory, data), { recursive: true, force: true })
    renameSync(join(directory, next), join(directory, data))
  } catch (error) {
    undo(directory, name, linked)
    throw error
  }
  checkpoint('swap.8')
  unlink(directory, files)
  checkpoint('swap.9')
  return { name, changed: true, ...(current !== undefined && { replaced: current }) }
}

/** The directory that `..data` points to; undefined before the first swap, and when it is no link that a swap made. */
export function currentName(directory: string): string | undefined {
  try {
    const name = readlinkSync(join(directory, data))
    return isDirectoryName(name) ? name : undefined
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'EINVAL') return undefined
    throw error
  }
}

/** Directories of files other than the current one: what a crash or a recent swap left. */
export function otherNames(directory: string): string[] {
  const current = currentName(directory)
  return readdirSync(directory).filter((name) => isDirectoryName(name) && name !== current)
}

/** Removes a directory of files. */
export function removeGeneration(directory: string, name: string): void {
  if (isDirectoryName(name)) rmSync(join(directory, name), { recursive: true, force: true })
}

/** Removes links that lead nowhere, as a crash leaves them. */
export function tidyLinks(directory: string): void {
  const current = currentName(directory)
  unlink(directory, current === undefined ? [] : readdirSync(join(directory, current)).map((file) => ({ file })))
}

/** Nothing else is ever followed or removed: a privileged container can write into its own directory. */
const isDirectoryName = (name: string): boolean => /^\.\.\d{4}(_\d\d){5}\.[0-9a-f]{10}$/.test(name)

/** As Kubernetes names them: `..2026_11_24_05_47_52.`, then what makes it unique. */
function directoryName(): string {
  const time = new Date()
    .toISOString()
    .slice(0, 19)
    .replace(/[^0-9]/g, '_')
  return `..${time}.${randomBytes(5).toString('hex')}`
}

function validate(files: readonly RenderedFile[]): void {
  const names = new Set(files.map(({ file }) => file))
  const bad = files.find(({ file }) => !/^(?!\.\.|\.$)[A-Za-z0-9._-]{1,255}$/.test(file))
  if (bad) throw new TypeError(`not a file name: ${JSON.stringify(bad.file)}`)
  if (names.size !== files.length) throw new TypeError('two files have one name')
}

function writeGeneration(directory: string, name: string, files: readonly RenderedFile[]): void {
  const path = join(directory, name)
  mkdirSync(path, { mode: 0o700 })
  checkpoint('swap.3')
  // By its handle: whatever takes the name meanwhile, values go into the directory that was opened.
  const handle = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  try {
    for (const file of files) writeNew(`/proc/self/fd/${handle}/${file.file}`, file)
    fchmodSync(handle, 0o555)
  } finally {
    closeSync(handle)
  }
  checkpoint('swap.4')
}

function writeNew(path: string, { bytes, mode, uid, gid }: RenderedFile): void {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants
  const handle = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
  try {
    bytes.reveal((all) => {
      for (let done = 0; done < all.byteLength; ) done += writeSync(handle, all, done)
    })
    // The owner first: a change of owner takes set-uid bits away.
    fchownSync(handle, uid, gid)
    fchmodSync(handle, mode)
  } finally {
    closeSync(handle)
  }
}

function link(directory: string, files: readonly RenderedFile[], linked: string[]): void {
  const there = new Set(readdirSync(directory))
  for (const { file } of files) {
    if (there.has(file)) continue
    symlinkSync(`${data}/${file}`, join(directory, file))
    linked.push(file)
  }
}

function unlink(directory: string, wanted: readonly { readonly file: string }[]): void {
  const names = new Set(wanted.map(({ file }) => file))
  for (const name of readdirSync(directory)) {
    if (!name.startsWith('..') && !names.has(name)) rmSync(join(directory, name), { recursive: true, force: true })
  }
}

function undo(directory: string, name: string, linked: readonly string[]): void {
  for (const file of linked) rmSync(join(directory, file), { force: true })
  rmSync(join(directory, next), { recursive: true, force: true })
  removeGeneration(directory, name)
}
