import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ReadKey } from '../core/model.ts'
import type { Content } from './content.ts'
import { packContent, unpackContent } from './content-bytes.ts'
import { joined } from './json-text.ts'
import type { Secret } from './secret.ts'

/**
 * The values in use, once more in the tmpfs, so that they are there after the agent was killed. One file a read,
 * replaced by a rename: it is whole or not there. Calls are synchronous: the files are small and never on a disk.
 *
 *     "dso-good" u8 format  u16 length  read key  then for each version: u16 length  version  u32 length  content
 */
export interface LastGood {
  save(read: ReadKey, versions: readonly Kept[]): void
  remove(read: ReadKey): void
  /** What an agent before this one kept. A file that is not whole is removed. */
  load(): { readonly read: ReadKey; readonly versions: readonly Kept[] }[]
}

export interface Kept {
  readonly version: string
  readonly content: Content
}

const MAGIC = Buffer.from('dso-good\x01')
const SUFFIX = '.good'

export function createLastGood(dir: string, name: (read: ReadKey) => string): LastGood {
  const pathOf = (read: ReadKey): string => join(dir, `${name(read)}${SUFFIX}`)
  return {
    save: (read, versions) => {
      const path = pathOf(read)
      const bytes = encode(read, versions)
      try {
        writeFileSync(`${path}.new`, bytes, { mode: 0o600 })
        renameSync(`${path}.new`, path)
      } catch (error) {
        rmSync(`${path}.new`, { force: true })
        throw error
      } finally {
        bytes.fill(0)
      }
    },
    remove: (read) => rmSync(pathOf(read), { force: true }),
    load: () => {
      const names = readdirSync(dir)
      for (const name of names.filter((one) => one.endsWith(`${SUFFIX}.new`))) rmSync(join(dir, name), { force: true })
      return names.filter((one) => one.endsWith(SUFFIX)).flatMap((one) => loaded(join(dir, one)))
    },
  }
}

function loaded(path: string): { read: ReadKey; versions: Kept[] }[] {
  const bytes = readFileSync(path)
  try {
    return [decode(bytes)]
  } catch {
    rmSync(path, { force: true })
    return []
  } finally {
    bytes.fill(0)
  }
}

function encode(read: ReadKey, versions: readonly Kept[]): Uint8Array {
  const packed = versions.map(({ content }) => packContent(content))
  const pieces = versions.flatMap(({ version }, index) => [
    sized(Buffer.from(version), 2),
    size(packed[index]!.length, 4),
    lent(packed[index]!),
  ])
  const bytes = joined([MAGIC, sized(Buffer.from(read), 2), ...pieces])
  for (const one of packed) one.wipe()
  return bytes
}

/** Throws RangeError for what `encode` did not make. */
function decode(bytes: Buffer): { read: ReadKey; versions: Kept[] } {
  let at = MAGIC.length
  const take = (width: number): Buffer => {
    const end = at + width + bytes.readUIntBE(at, width)
    if (end > bytes.length) throw new RangeError('cut short')
    const piece = bytes.subarray(at + width, end)
    at = end
    return piece
  }
  if (!bytes.subarray(0, at).equals(MAGIC)) throw new RangeError('another format')
  const read = take(2).toString()
  const versions: Kept[] = []
  while (at < bytes.length) versions.push({ version: take(2).toString(), content: unpackContent(take(4)) })
  return { read, versions }
}

const lent = (secret: Secret): Uint8Array => secret.reveal((bytes) => bytes)

const sized = (bytes: Buffer, width: number): Uint8Array => Buffer.concat([size(bytes.length, width), bytes])

function size(length: number, width: number): Buffer {
  const bytes = Buffer.alloc(width)
  bytes.writeUIntBE(length, 0, width)
  return bytes
}
