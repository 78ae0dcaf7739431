import { Secret } from '../store/secret.ts'
import type { Kind } from './seal.ts'

/**
 * Everything the vault holds, as the plaintext of its age file (docs/decisions/0011). Numbers are big-endian.
 *
 *     "dso-vault" u8 format  u64 generation  32 bytes inner key  u32 records
 *     record: u32 length of the rest  u8 kind  u8 flags  u32 version  u64 created (ms)  u16 length  path  sealed
 *
 * Kinds: `v` one value, `f` fields, `p` a purged path (no path; 16 bytes that stand for it; its last version number).
 * Flag 1 on a secret's newest version: the secret is deleted.
 */
export interface Book {
  readonly generation: number
  readonly innerKey: Secret
  readonly entries: Map<string, Entry>
  /** Last version number of purged paths, by `tagOf`: a number is never used twice for one path. */
  readonly purged: Map<string, number>
}

export interface Entry {
  readonly deleted: boolean
  /** Oldest first; never empty. */
  readonly versions: readonly Version[]
}

export interface Version {
  readonly version: number
  readonly createdAt: number
  readonly kind: Kind
  readonly sealed: Uint8Array
}

/** What a file holds that this version cannot read. */
export class NotABook extends Error {
  override readonly name = 'NotABook'
}

const MAGIC = Buffer.from('dso-vault\x01')
const [KEY_AT, COUNT_AT, RECORDS_AT] = [MAGIC.length + 8, MAGIC.length + 40, MAGIC.length + 44]
const [HEAD, TAG] = [20, 16]
const DELETED = 1
const letters = { value: 0x76, fields: 0x66, purged: 0x70 } as const

interface Raw {
  readonly kind: number
  readonly flags: number
  readonly version: number
  readonly createdAt: number
  readonly path: string
  readonly sealed: Uint8Array
}

/** What is written: a book, or a draft of the next one. */
export interface Pages {
  readonly generation: number
  readonly innerKey: Secret
  /** Asked twice; the same both times. */
  entries(): Iterable<readonly [string, Entry]>
  purged(): Iterable<readonly [string, number]>
}

/** The plaintext. The caller wipes it: it holds the inner key. */
export function encodeBook(pages: Pages): Uint8Array {
  let [count, size] = [0, RECORDS_AT]
  eachRecord(pages, (path, { sealed }) => {
    count += 1
    size += HEAD + Buffer.byteLength(path) + sealed.length
  })
  const out = Buffer.from(new ArrayBuffer(size))
  MAGIC.copy(out)
  out.writeBigUInt64BE(BigInt(pages.generation), MAGIC.length)
  pages.innerKey.reveal((bytes) => out.set(bytes, KEY_AT))
  out.writeUInt32BE(count, COUNT_AT)
  let at = RECORDS_AT
  eachRecord(pages, (path, version, kind, flags) => {
    at = putRecord(out, at, path, version, kind, flags)
  })
  return out
}

/** Undoes `encodeBook`. Takes the buffer over: sealed records stay views of it, the inner key is cut out. Throws NotABook. */
export function decodeBook(bytes: Uint8Array): Book {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.length < RECORDS_AT || !view.subarray(0, MAGIC.length).equals(MAGIC)) throw new NotABook()
  const innerKey = new Secret(view.subarray(KEY_AT, COUNT_AT))
  view.fill(0, KEY_AT, COUNT_AT)
  const entries = new Map<string, { deleted: boolean; versions: Version[] }>()
  const purged = new Map<string, number>()
  let at = RECORDS_AT
  for (let left = view.readUInt32BE(COUNT_AT); left > 0; left -= 1) {
    const { raw, end } = takeRecord(view, at)
    at = end
    if (raw.kind === letters.purged) purged.set(Buffer.from(raw.sealed).toString('hex'), raw.version)
    else addVersion(entries, raw)
  }
  if (at !== view.length) throw new NotABook()
  return { generation: Number(view.readBigUInt64BE(MAGIC.length)), innerKey, entries, purged }
}

type Visit = (path: string, version: Omit<Version, 'kind'>, kind: number, flags: number) => void

function eachRecord({ entries, purged }: Pages, visit: Visit): void {
  for (const [path, { deleted, versions }] of entries())
    for (const version of versions)
      visit(path, version, letters[version.kind], deleted && version === versions.at(-1) ? DELETED : 0)
  for (const [tag, version] of purged())
    visit('', { version, createdAt: 0, sealed: Buffer.from(tag, 'hex') }, letters.purged, 0)
}

function putRecord(
  out: Buffer,
  start: number,
  path: string,
  version: Omit<Version, 'kind'>,
  kind: number,
  flags: number,
): number {
  const length = out.write(path, start + HEAD)
  out.writeUInt32BE(HEAD - 4 + length + version.sealed.length, start)
  out[start + 4] = kind
  out[start + 5] = flags
  out.writeUInt32BE(version.version, start + 6)
  out.writeUIntBE(version.createdAt, start + 12, 6)
  out.writeUInt16BE(length, start + 18)
  out.set(version.sealed, start + HEAD + length)
  return start + HEAD + length + version.sealed.length
}

function takeRecord(view: Buffer, start: number): { raw: Raw; end: number } {
  if (start + HEAD > view.length) throw new NotABook()
  const end = start + 4 + view.readUInt32BE(start)
  const pathEnd = start + HEAD + view.readUInt16BE(start + 18)
  if (end > view.length || pathEnd > end) throw new NotABook()
  const raw: Raw = {
    kind: view[start + 4]!,
    flags: view[start + 5]!,
    version: view.readUInt32BE(start + 6),
    createdAt: Number(view.readBigUInt64BE(start + 10)),
    path: view.toString('utf8', start + HEAD, pathEnd),
    sealed: view.subarray(pathEnd, end),
  }
  if (raw.kind === letters.purged && raw.sealed.length !== TAG) throw new NotABook()
  return { raw, end }
}

function addVersion(entries: Map<string, { deleted: boolean; versions: Version[] }>, raw: Raw): void {
  const kind = raw.kind === letters.value ? 'value' : raw.kind === letters.fields ? 'fields' : undefined
  if (kind === undefined) throw new NotABook()
  const entry = entries.get(raw.path) ?? { deleted: false, versions: [] }
  entries.set(raw.path, entry)
  if ((entry.versions.at(-1)?.version ?? 0) >= raw.version) throw new NotABook()
  entry.deleted = (raw.flags & DELETED) !== 0
  entry.versions.push({ version: raw.version, createdAt: raw.createdAt, kind, sealed: raw.sealed })
}
