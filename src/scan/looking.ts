import type { FileHandle } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { printable } from '../core/failure.ts'
import type { Needle } from './needles.ts'
import type { Search } from './search.ts'
import { openRegular, type WalkOptions, walk } from './walk.ts'

/** How one place is searched. All of it ends with the signal's reason once the signal is aborted. */
export interface Looking {
  readonly signal: AbortSignal
  /** Looks at bytes in memory. */
  bytes(where: string, bytes: Uint8Array): void
  /** Looks at a regular file; passes over what is absent or no regular file. */
  file(where: string, path: string): Promise<void>
  /** Looks at all that `handle` reads, from its beginning. */
  handle(where: string, handle: FileHandle): Promise<void>
  /** Looks at every regular file below a folder and at their names; `unpack`: what is compressed also unpacked. */
  tree(what: string, folder: string, options?: WalkOptions & { readonly unpack?: boolean }): Promise<void>
  /** Says what could not be searched. */
  note(text: string): void
  /** Says how far it is. */
  progress(done: number, total: number): void
}

/** What comes out of looking. `where` never holds a value. */
export interface Sink {
  finding(where: string, needle: Needle): void
  note(text: string): void
  progress(done: number, total: number): void
}

const piece = 256 * 1024
/** A packed file is unpacked so far and no further. */
const unpackedLimit = 2 * 1024 ** 3

/** Searches places with `search` and tells `sink`. Holds one piece of a file at a time. */
export function createLooking(search: Search, sink: Sink, signal: AbortSignal): Looking {
  const buffer = Buffer.allocUnsafeSlow(piece + search.overlap)

  /** Shows a place only if its own name is not what is looked for. */
  const named = (where: string): string => {
    const found = hits(search, Buffer.from(where))
    if (found.size === 0) return printable(where)
    for (const needle of found) sink.finding('the name of a file or of a place (not shown: it holds the value)', needle)
    return 'a place whose name is not shown'
  }
  const tell = (where: string, found: ReadonlySet<Needle>) => {
    if (found.size === 0) return
    const shown = named(where)
    for (const needle of found) sink.finding(shown, needle)
  }
  const unread = (path: string, error: NodeJS.ErrnoException) =>
    sink.note(`not searched: ${named(path)}: ${error.code ?? 'cannot be read'}`)

  const looking: Looking = {
    signal,
    bytes: (where, bytes) => {
      signal.throwIfAborted()
      tell(where, hits(search, bytes))
    },
    file: async (where, path) => {
      try {
        await using handle = await openRegular(path)
        if (handle) await looking.handle(where, handle)
      } catch (error) {
        signal.throwIfAborted()
        if (!gone(error)) unread(where, error as NodeJS.ErrnoException)
      }
    },
    handle: async (where, handle) => tell(where, await readThrough(search, buffer, handle, signal)),
    tree: async (what, folder, options = {}) => {
      for await (const { path, handle } of walk(folder, unread, options)) {
        const where = what === '' ? path : `${what}: ${path.slice(folder.length)}`
        try {
          named(path.slice(folder.length))
          await looking.handle(where, handle)
          if (options.unpack) tell(`${where} (unpacked)`, await unpacked(search, path, handle, signal))
        } catch (error) {
          signal.throwIfAborted()
          if (!gone(error)) unread(where, error as NodeJS.ErrnoException)
        }
      }
      signal.throwIfAborted()
    },
    note: (text) => sink.note(named(text)),
    progress: sink.progress,
  }
  return looking
}

/** Files of /proc end so when their process does. */
const gone = (error: unknown): boolean =>
  ['ENOENT', 'ESRCH', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')

function hits(search: Search, bytes: Uint8Array): Set<Needle> {
  const found = new Set<Needle>()
  search.look(bytes, bytes.length, (needle) => found.add(needle))
  return found
}

/** Fills the buffer piece by piece, the end of each piece being the beginning of the next. */
async function readThrough(
  search: Search,
  buffer: Buffer,
  handle: FileHandle,
  signal: AbortSignal,
): Promise<Set<Needle>> {
  const found = new Set<Needle>()
  let kept = 0
  for (let position = 0; ; ) {
    signal.throwIfAborted()
    const { bytesRead } = await handle.read(buffer, kept, buffer.length - kept, position)
    if (bytesRead === 0) return found
    position += bytesRead
    const length = kept + bytesRead
    search.look(buffer, length, (needle) => found.add(needle))
    kept = Math.min(search.overlap, length)
    buffer.copyWithin(0, length - kept, length)
  }
}

/** What is found in the content of a packed file; nothing for any other. */
async function unpacked(search: Search, path: string, handle: FileHandle, signal: AbortSignal): Promise<Set<Needle>> {
  const found = new Set<Needle>()
  const unpack = path.endsWith('.gz') ? createGunzip() : path.endsWith('.zst') ? createZstdDecompress() : undefined
  if (!unpack) return found
  const packed = handle.createReadStream({ start: 0, autoClose: false, signal })
  packed.on('error', (error) => unpack.destroy(error))
  let before = Buffer.alloc(0)
  let seen = 0
  for await (const chunk of packed.pipe(unpack) as AsyncIterable<Buffer>) {
    const bytes = Buffer.concat([before, chunk])
    for (const needle of hits(search, bytes)) found.add(needle)
    before = bytes.subarray(Math.max(0, bytes.length - search.overlap))
    seen += chunk.length
    if (seen > unpackedLimit) break
    await setImmediate()
  }
  packed.destroy()
  return found
}
