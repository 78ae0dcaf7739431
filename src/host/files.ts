import { readFileSync, renameSync } from 'node:fs'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/** The disk takes no more (ENOSPC, EDQUOT, EROFS, EIO): what is kept there goes on in memory, and the host's owner is told. */
export class DiskRefuses extends Error {
  override readonly name = 'DiskRefuses'
  readonly code: string

  constructor(path: string, code: string) {
    super(`${path} cannot be written (${code})`)
    this.code = code
  }
}

const refusals = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EIO'])

/**
 * Replaces a file so that after any crash either the old or the new content is there, whole: written beside it, synced,
 * renamed, and the directory synced. The directory is made (0700) when absent. Calls for one path must not overlap.
 * Throws DiskRefuses, or the file system's own error.
 */
export async function writeDurable(path: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
  const beside = `${path}.new`
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await rm(beside, { force: true })
    const file = await open(beside, 'wx', mode)
    try {
      await file.writeFile(content)
      await file.chmod(mode)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(beside, path)
    await syncDirectory(dirname(path))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    await rm(beside, { force: true }).catch(() => {})
    throw code !== undefined && refusals.has(code) ? new DiskRefuses(path, code) : error
  }
}

/** Makes names created, renamed or removed in a directory survive a crash. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

/** Replaces a state file (JSON, value-free) durably. Calls for one path that come together are written one after another, the last one last. */
export async function writeState(path: string, state: unknown): Promise<void> {
  const before = writing.get(path)
  const text = `${JSON.stringify(state)}\n`
  const mine = (before ?? Promise.resolve()).catch(() => {}).then(() => writeDurable(path, text))
  writing.set(path, mine)
  try {
    await mine
  } finally {
    if (writing.get(path) === mine) writing.delete(path)
  }
}

const writing = new Map<string, Promise<void>>()

/**
 * The state in a file; undefined when there is none. One that is no JSON is moved aside (PATH.corrupt) and told, so that
 * it is not in the way and not lost. Other errors of reading are told too and read as none.
 */
export function readState(path: string, problem: (message: string) => void): unknown {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT') problem(`${path} cannot be read (${code}): going on without it`)
    return undefined
  }
  try {
    return JSON.parse(text)
  } catch {
    const aside = moveAside(path)
    problem(`${path} is damaged: ${aside ? `moved to ${aside}, ` : ''}going on without it`)
    return undefined
  }
}

function moveAside(path: string): string | undefined {
  const aside = `${path}.corrupt`
  try {
    renameSync(path, aside)
    return aside
  } catch {
    return undefined
  }
}
