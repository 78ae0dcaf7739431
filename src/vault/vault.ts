import { join } from 'node:path'
import type { SecretListing, SecretVersion } from '../core/api.ts'
import type { Emit } from '../core/event.ts'
import { Failure } from '../core/failure.ts'
import type { Reference } from '../core/model.ts'
import { parseReference, printReference, readKey } from '../core/reference.ts'
import type { Settings } from '../core/settings.ts'
import type { Content, FieldContent } from '../store/content.ts'
import { wipeContent } from '../store/content-bytes.ts'
import { NotJson, splitObject } from '../store/json.ts'
import { sortedNames } from '../store/json-text.ts'
import type { Secret } from '../store/secret.ts'
import type { Entry } from './book.ts'
import { type Draft, notFound, noVersion, read, remove, rollback, set, setFields } from './edit.ts'
import { createGenerations } from './generations.ts'
import { createSession } from './session.ts'
import { createWriter, type Written } from './writer.ts'

export interface VaultOptions {
  /** Where the journal is kept. */
  readonly dir: string
  readonly path: string
  readonly key: Settings['local']['key']
  readonly keepVersions: () => number
  readonly maxValueBytes: () => number
  readonly keyFile: string
  readonly credentialsDirectory?: string
  readonly emit: Emit
}

/**
 * The embedded vault: one age file, one writer, every record sealed until it is read. Whatever takes a path throws
 * Failure BAD_REFERENCE for one that no reference could name, and LOCAL_LOCKED while the vault is not open.
 */
export interface Vault {
  /** Tries the key. A vault that stays shut is no error: `state` says why. */
  open(): Promise<void>
  state(): {
    readonly state: 'ok' | 'locked' | 'refused'
    readonly identity: string
    readonly secrets: number
    readonly message?: string
  }
  /** Opens a vault that is locked or refused; the first passphrase makes it. Throws Failure LOCAL_LOCKED. */
  unlock(passphrase: Secret | undefined, o: { acceptOlder: boolean }): Promise<void>
  /** The number of the version that is current then: a new one, or for the same content the one there was. */
  set(path: string, field: string | undefined, value: Secret): Promise<number>
  /** Replaces a secret by the fields of one JSON object. */
  setFields(path: string, json: Secret): Promise<number>
  rollback(path: string, version?: number): Promise<number>
  delete(path: string, o: { purge: boolean }): Promise<void>
  /** Throws Failure SECRET_NOT_FOUND. The caller owns the content. */
  read(path: string, version?: string): { readonly version: string; readonly content: Content }
  list(prefix: string): SecretListing[]
  history(path: string): SecretVersion[]
  /** Names of the secrets directly below a path, sorted. */
  children(path: string): string[]
  /** Calls back with each path that changed; undefined: the vault was opened, anything may have. */
  onChange(callback: (path: string | undefined) => void): void
  /** Waits for what is being written, wipes the keys, lets the lock go. */
  close(): Promise<void>
}

export function createVault(options: VaultOptions): Vault {
  const { emit } = options
  const generations = createGenerations(options.path, join(options.dir, 'local.journal'))
  const session = createSession({ path: options.path, place: options, generations, emit })
  const writer = createWriter(generations, session.opened, (result) => written(result))
  const listeners: ((path: string | undefined) => void)[] = []
  const limits = { keepVersions: options.keepVersions, maxBytes: options.maxValueBytes, now: Date.now }

  const tell = (path: string | undefined): void => {
    for (const listener of listeners) listener(path)
  }

  const written = ({ book, changes, settled }: Written): void => {
    session.turn(book)
    if (!settled)
      emit({
        kind: 'problem',
        where: options.path,
        message: 'an older file could not be moved away; it is tried again at the next change',
      })
    for (const { path, version, by } of changes) {
      emit({ kind: 'secret.changed', read: readKey(local(path)), version: String(version), by })
      tell(path)
    }
  }

  const attempt = async (passphrase: Secret | undefined, o: { acceptOlder: boolean }): Promise<void> => {
    const shut = session.state().state !== 'ok'
    await session.attempt(passphrase, o)
    if (shut && session.state().state === 'ok') tell(undefined)
  }

  const edit = <T>(by: string, path: string, apply: (draft: Draft) => T): Promise<T> => {
    refuseUnlawful(path, undefined)
    return writer.write({ by, path, apply })
  }

  const entryOf = (path: string): Entry => {
    const { entries } = session.opened().book
    const entry = entries.get(path)
    if (entry === undefined) throw notFound(path, entries.keys())
    return entry
  }

  return {
    open: () => attempt(undefined, { acceptOlder: false }),
    unlock: async (passphrase, o) => {
      await attempt(passphrase, o)
      session.opened()
    },
    state: () => {
      const state = session.state()
      const identity = session.identity()
      if (state.state === 'ok') return { state: 'ok', identity, secrets: alive(state.book.entries).length }
      return { state: state.state, identity, secrets: 0, message: `${state.failure.what}: ${state.failure.remedy}` }
    },
    set: async (path, field, value) => {
      refuseUnlawful(path, field)
      return edit('set', path, (draft) => set(draft, path, field, value, limits))
    },
    setFields: async (path, json) => {
      const fields = fieldsOf(path, json)
      try {
        return await edit('set', path, (draft) => setFields(draft, path, fields, limits))
      } finally {
        wipeContent({ kind: 'fields', fields })
      }
    },
    rollback: async (path, version) => edit('rollback', path, (draft) => rollback(draft, path, version, limits)),
    delete: async (path, { purge }) => edit(purge ? 'purge' : 'delete', path, (draft) => remove(draft, path, purge)),
    read: (path, wanted) => {
      const entry = entryOf(path)
      if (entry.deleted) throw deleted(path)
      const version =
        wanted === undefined ? entry.versions.at(-1) : entry.versions.find((one) => String(one.version) === wanted)
      if (version === undefined) throw noVersion(path, wanted ?? '', entry)
      return { version: String(version.version), content: read(session.opened().book.innerKey, path, version) }
    },
    list: (prefix) => {
      const { entries, innerKey } = session.opened().book
      const below = prefix.replace(/\/+$/, '')
      return alive(entries)
        .filter(([path]) => below === '' || path === below || path.startsWith(`${below}/`))
        .map(([path, entry]) => listing(innerKey, path, entry))
        .sort((one, other) => (one.path < other.path ? -1 : 1))
    },
    history: (path) => {
      const { versions, deleted: gone } = entryOf(path)
      return versions.map(({ version, createdAt }, index) => ({
        version,
        createdAt: new Date(createdAt).toISOString(),
        current: !gone && index === versions.length - 1,
      }))
    },
    children: (path) => {
      const head = `${path}/`
      return alive(session.opened().book.entries)
        .filter(([one]) => one.startsWith(head) && !one.includes('/', head.length))
        .map(([one]) => one.slice(head.length))
        .sort()
    },
    onChange: (callback) => void listeners.push(callback),
    close: async () => {
      await writer.idle()
      session.close()
    },
  }
}

const local = (path: string, field?: string): Reference => ({
  source: 'local',
  path,
  query: [],
  field: field === undefined ? [] : [field],
})

const alive = (entries: ReadonlyMap<string, Entry>): [string, Entry][] =>
  [...entries].filter(([, { deleted: gone }]) => !gone)

const deleted = (path: string): Failure =>
  new Failure(
    'SECRET_NOT_FOUND',
    `${path} was deleted from local`,
    `bring it back: docker dso secret rollback ${path}, or set it again`,
  )

/** What no reference could name cannot be set: it could never be asked for. */
function refuseUnlawful(path: string, field: string | undefined): void {
  if (field?.includes('/'))
    throw new Failure(
      'BAD_REFERENCE',
      `${path}#${field} names a place inside a field`,
      'set the whole field, or all of them with --fields',
    )
  const wanted = local(path, field)
  const lawful = parseReference(printReference(wanted))
  if (lawful.path === path && lawful.field[0] === field) return
  throw new Failure(
    'BAD_REFERENCE',
    'a secret needs a path and a field a name',
    'a reference looks like dso://local/shop/db#password',
  )
}

function fieldsOf(path: string, json: Secret): Map<string, FieldContent> {
  try {
    const fields = json.reveal(splitObject)
    if (fields.size === 0) throw new NotJson('without a field')
    for (const name of fields.keys()) if (!name.includes('/')) refuseUnlawful(path, name)
    return fields
  } catch (error) {
    if (!(error instanceof NotJson)) throw error
    throw new Failure(
      'BAD_REFERENCE',
      `the fields of ${path} are refused: ${error.message}`,
      'give one JSON object: {"user": "app", "password": "..."}',
    )
  }
}

/** Names of fields need the record opened; its values are wiped at once. */
function listing(innerKey: Secret, path: string, { versions }: Entry): SecretListing {
  const newest = versions.at(-1)!
  const plain = { path, version: newest.version, changedAt: new Date(newest.createdAt).toISOString() }
  if (newest.kind === 'value') return plain
  const content = read(innerKey, path, newest)
  const fields = content.kind === 'fields' ? sortedNames(content.fields) : []
  wipeContent(content)
  return { ...plain, fields }
}
