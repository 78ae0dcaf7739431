import { constants } from 'node:fs'
import { type FileHandle, open, opendir, realpath } from 'node:fs/promises'

/** A regular file below the folder that is walked, open for reading; it is closed when the next one is asked for. */
export interface Found {
  readonly path: string
  readonly handle: FileHandle
}

export interface WalkOptions {
  /** Paths that are left out, with all below them. */
  readonly skip?: ReadonlySet<string>
  /** Names of files that are wanted; all when absent. */
  readonly wanted?: (name: string) => boolean
  /** False: only what lies directly in the folder. */
  readonly deep?: boolean
  /** True: into other file systems that are mounted below, too. */
  readonly across?: boolean
}

const folderFlags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW
/** Each level on the way holds a file descriptor of the agent's: a container may nest folders as deep as it likes. */
const deepest = 200
/** O_NONBLOCK: a fifo without a writer must not hold the scan up. */
const fileFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/**
 * Opens a regular file; undefined for anything else (fifo, device, socket), for a link, and for a file that is not on
 * the file system `device`. Throws the system's error.
 */
export async function openRegular(path: string, device?: number): Promise<FileHandle | undefined> {
  const handle = await open(path, fileFlags).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ELOOP' || error.code === 'ENXIO') return undefined
    throw error
  })
  if (!handle) return undefined
  const found = await handle.stat()
  if (found.isFile() && (device === undefined || found.dev === device)) return handle
  await handle.close()
  return undefined
}

/**
 * Every regular file below `folder`, on the same file system unless said otherwise. `folder` itself may be reached by links; from there each
 * step goes from an open folder to a name in it without following any, so a container that exchanges its folders meanwhile leads nowhere else. What cannot be read
 * is told to `unread`; what went away meanwhile is passed over.
 */
export async function* walk(
  folder: string,
  unread: (path: string, error: NodeJS.ErrnoException) => void,
  options: WalkOptions = {},
): AsyncGenerator<Found> {
  const handle = await realpath(folder)
    .then((real) => open(real, folderFlags))
    .catch((error: NodeJS.ErrnoException) => passed(error, () => unread(folder, error)))
  if (!handle) return
  try {
    const { dev } = await handle.stat()
    yield* below(handle, folder, dev, unread, options, 1)
  } finally {
    await handle.close()
  }
}

async function* below(
  folder: FileHandle,
  path: string,
  device: number,
  unread: (path: string, error: NodeJS.ErrnoException) => void,
  options: WalkOptions,
  depth: number,
): AsyncGenerator<Found> {
  if (depth > deepest) return unread(path, Object.assign(new Error(), { code: `more than ${deepest} folders deep` }))
  const real = `/proc/self/fd/${folder.fd}`
  for await (const entry of await opendir(real)) {
    const child = `${path === '/' ? '' : path}/${entry.name}`
    const isFolder = entry.isDirectory()
    if (options.skip?.has(child) || !(isFolder || entry.isFile())) continue
    if (isFolder ? options.deep === false : options.wanted?.(entry.name) === false) continue
    const opening = isFolder
      ? open(`${real}/${entry.name}`, folderFlags)
      : openRegular(`${real}/${entry.name}`, options.across ? undefined : device)
    const handle = await opening.catch((error: NodeJS.ErrnoException) => passed(error, () => unread(child, error)))
    if (!handle) continue
    try {
      if (!isFolder) yield { path: child, handle }
      else if (options.across || (await handle.stat()).dev === device)
        yield* below(handle, child, device, unread, options, depth + 1)
    } finally {
      await handle.close()
    }
  }
}

/** Nothing for what is not there (any more) or is a link; for anything else after `tell`. */
function passed(error: NodeJS.ErrnoException, tell: () => void): undefined {
  if (!['ENOENT', 'ENOTDIR', 'ELOOP', 'ESRCH'].includes(error.code ?? '')) tell()
  return undefined
}
