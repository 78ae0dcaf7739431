import { Failure } from '../core/failure.ts'
import { nearest } from '../core/nearest.ts'
import type { Content, FieldContent } from '../store/content.ts'
import { packContent, unpackContent, wipeContent } from '../store/content-bytes.ts'
import type { Secret } from '../store/secret.ts'
import type { Book, Entry, Version } from './book.ts'
import { seal, tagOf, unseal } from './seal.ts'

/**
 * Changes to a draft: a layer over the book, which stays as it is until the draft is on disk. Dropping the draft undoes
 * everything. Each function throws Failure before it changed anything.
 */
export interface Draft {
  readonly book: Book
  /** What the draft puts in the place of the book's entries; undefined: taken away. */
  readonly entries: Map<string, Entry | undefined>
  readonly purged: Map<string, number>
  /** Paths changed so far, with the number of the version that is current now (0: none). */
  readonly changed: Map<string, number>
}

export interface Limits {
  readonly keepVersions: () => number
  readonly maxBytes: () => number
  readonly now: () => number
}

export const draftOf = (book: Book): Draft => ({ book, entries: new Map(), purged: new Map(), changed: new Map() })

/** The book as it is with the draft. */
export function* entriesWith({ book, entries }: Draft): Generator<readonly [string, Entry]> {
  for (const [path, entry] of book.entries) if (!entries.has(path)) yield [path, entry]
  for (const [path, entry] of entries) if (entry !== undefined) yield [path, entry]
}

/** Puts the draft into its book. */
export function layDown({ book, entries, purged }: Draft): void {
  for (const [path, entry] of entries) {
    if (entry === undefined) book.entries.delete(path)
    else book.entries.set(path, entry)
  }
  for (const [tag, version] of purged) book.purged.set(tag, version)
}

/** Sets one value, or one field while the others stay. Answers the version that is current now: the same one for the same content. */
export function set(draft: Draft, path: string, field: string | undefined, value: Secret, limits: Limits): number {
  const now = current(draft, path)
  const kind = field === undefined ? 'value' : 'fields'
  refuseOtherKind(path, now, kind)
  if (field === undefined) return add(draft, path, { kind: 'value', value }, limits)
  const before = now === undefined ? undefined : read(draft.book.innerKey, path, now)
  const fields = new Map<string, FieldContent>(before?.kind === 'fields' ? before.fields : [])
  fields.set(field, { kind: 'string', value })
  try {
    return add(draft, path, { kind: 'fields', fields }, limits)
  } finally {
    if (before !== undefined) wipeContent(before)
  }
}

/** Replaces all fields. */
export function setFields(
  draft: Draft,
  path: string,
  fields: ReadonlyMap<string, FieldContent>,
  limits: Limits,
): number {
  refuseOtherKind(path, current(draft, path), 'fields')
  return add(draft, path, { kind: 'fields', fields }, limits)
}

/** A new version with the content of an old one: the one named, else the one before; of a deleted secret its last. */
export function rollback(draft: Draft, path: string, wanted: number | undefined, limits: Limits): number {
  const entry = entryIn(draft, path)
  if (entry === undefined) throw notFound(path, draft.book.entries.keys())
  const version =
    wanted === undefined
      ? entry.versions.at(entry.deleted ? -1 : -2)
      : entry.versions.find((one) => one.version === wanted)
  if (version === undefined && wanted !== undefined) throw noVersion(path, String(wanted), entry)
  if (version === undefined)
    throw new Failure(
      'SECRET_NOT_FOUND',
      `${path} has no version before the one it has`,
      'see docker dso secret history',
    )
  const content = read(draft.book.innerKey, path, version)
  try {
    return add(draft, path, content, limits)
  } finally {
    wipeContent(content)
  }
}

/** Marks a secret as deleted, or takes all of it away for good. */
export function remove(draft: Draft, path: string, purge: boolean): void {
  const entry = entryIn(draft, path)
  if (entry === undefined || (entry.deleted && !purge)) throw notFound(path, draft.book.entries.keys())
  draft.entries.set(path, purge ? undefined : { ...entry, deleted: true })
  if (purge) draft.purged.set(tagOf(draft.book.innerKey, path), entry.versions.at(-1)!.version)
  draft.changed.set(path, 0)
}

/** Opens one version. */
export function read(innerKey: Secret, path: string, { version, kind, sealed }: Version): Content {
  const packed = unseal(innerKey, { path, version, kind }, sealed)
  try {
    return packed.reveal(unpackContent)
  } finally {
    packed.wipe()
  }
}

export function notFound(path: string, paths: Iterable<string>): Failure {
  const near = nearest(path, paths)
  const meant = near === undefined || near === path ? '' : `did you mean ${near}? if not, `
  return new Failure('SECRET_NOT_FOUND', `local has no secret ${path}`, `${meant}set it: docker dso secret set ${path}`)
}

export const noVersion = (path: string, wanted: string, { versions }: Entry): Failure =>
  new Failure(
    'SECRET_NOT_FOUND',
    `${path} has no version ${wanted} (it has: ${versions.map((one) => one.version).join(', ')})`,
    'take one of those',
  )

const entryIn = ({ book, entries }: Draft, path: string): Entry | undefined =>
  entries.has(path) ? entries.get(path) : book.entries.get(path)

function current(draft: Draft, path: string): Version | undefined {
  const entry = entryIn(draft, path)
  return entry === undefined || entry.deleted ? undefined : entry.versions.at(-1)
}

function refuseOtherKind(path: string, now: Version | undefined, kind: Version['kind']): void {
  if (now === undefined || now.kind === kind) return
  const what = kind === 'value' ? `${path} is made of fields, not one value` : `${path} is one value, without fields`
  throw new Failure('BAD_REFERENCE', what, `delete it first: docker dso secret delete ${path}`)
}

function add(draft: Draft, path: string, content: Content, limits: Limits): number {
  const { innerKey } = draft.book
  const packed = packContent(content)
  try {
    if (bytesOf(content) > limits.maxBytes())
      throw new Failure(
        'VALUE_TOO_LARGE',
        `${path} would be larger than ${limits.maxBytes()} bytes`,
        'raise delivery.max_value in dso.yaml',
      )
    const now = current(draft, path)
    if (now !== undefined && holds(innerKey, path, now, packed)) return now.version
    const kept = entryIn(draft, path)?.versions ?? []
    const version = (kept.at(-1)?.version ?? lastPurged(draft, path)) + 1
    const sealed = seal(innerKey, { path, version, kind: content.kind }, packed)
    const newest: Version = { version, createdAt: limits.now(), kind: content.kind, sealed }
    draft.entries.set(path, { deleted: false, versions: [...kept, newest].slice(-limits.keepVersions()) })
    draft.changed.set(path, version)
    return version
  } finally {
    packed.wipe()
  }
}

/** Its values alone, without what holds them together. */
const bytesOf = (content: Content): number =>
  content.kind === 'value'
    ? content.value.length
    : [...content.fields.values()].reduce((sum, { value }) => sum + value.length, 0)

function lastPurged({ book, purged }: Draft, path: string): number {
  const tag = tagOf(book.innerKey, path)
  return purged.get(tag) ?? book.purged.get(tag) ?? 0
}

function holds(innerKey: Secret, path: string, version: Version, packed: Secret): boolean {
  if (version.sealed.length !== packed.length + 28) return false
  const before = unseal(innerKey, { path, version: version.version, kind: version.kind }, version.sealed)
  try {
    return before.reveal((one) => packed.reveal((other) => Buffer.from(one.buffer).equals(other)))
  } finally {
    before.wipe()
  }
}
