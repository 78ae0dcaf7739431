import { join } from 'node:path'
import type { Emit } from '../core/event.ts'
import { type Code, Failure, isFailure } from '../core/failure.ts'
import type { ReadKey, Reference } from '../core/model.ts'
import { pinnedVersion, printReference, readKey, referenceOfKey } from '../core/reference.ts'
import type { Content } from './content.ts'
import { wipeContent } from './content-bytes.ts'
import { createFlights } from './flights.ts'
import { createLastGood } from './last-good.ts'
import { createListings, type Listings } from './listings.ts'
import { openMarks } from './marks.ts'
import type { Secret } from './secret.ts'
import { createShelf, type Held, type Shelf } from './shelf.ts'
import type { Source } from './source.ts'

export type { Held } from './shelf.ts'

export interface StoreOptions {
  readonly sources: ReadonlyMap<string, Source>
  /** A directory in a tmpfs that is the agent's alone. */
  readonly ram: string
  readonly emit: Emit
}

/** The only owner of values: asks sources, keeps what is in use in RAM, and bridges with it what a source cannot answer. */
export interface Store {
  /** Takes over the fingerprint key and the last good values that an agent before left in the tmpfs. */
  open(): Promise<void>
  /**
   * One read for each read key. `pins` names the version that must be served; a reference's own `version=` goes before.
   * A Held may be used for a minute after it was dropped. Never throws: what failed is the answer for its key.
   */
  ensure(
    references: readonly Reference[],
    o: { readonly pins?: Readonly<Record<ReadKey, string>>; readonly signal: AbortSignal },
  ): Promise<ReadonlyMap<ReadKey, Held | Failure>>
  /** Names of the secrets directly below a path, the last good ones where a last good value would stand in. Throws Failure. */
  children(reference: Reference, signal: AbortSignal): Promise<readonly string[]>
  /**
   * Drops what is not in use: at most two versions of a read stay. What was read in the last ten seconds stays too, it may
   * be on its way to a mount.
   */
  keep(inUse: ReadonlyMap<ReadKey, ReadonlySet<string>>): void
  /** Reads that may answer differently now; undefined: all of a source. */
  onChange(callback: (reads: readonly ReadKey[] | undefined) => void): void
  stats(): { readonly secrets: number; readonly bytes: number }
  /** Every single value in RAM, for scan. */
  inUse(): Iterable<{ readonly reference: string; readonly value: Secret }>
}

/** What the last good value bridges; never "there is none" and never "you may not". */
const bridged: readonly Code[] = ['SOURCE_UNREACHABLE', 'SOURCE_MALFORMED', 'LOCAL_LOCKED']

export function createStore({ sources, ram, emit }: StoreOptions): Store {
  const joinFlight = createFlights<Held>()
  let shelf: Shelf | undefined
  let listings: Listings | undefined

  const opened = (): Shelf => {
    if (shelf === undefined)
      throw new Failure('NOT_RAM', 'there is no RAM for values', 'see docker dso doctor, then restart the agent')
    return shelf
  }

  const one = async (reference: Reference, pin: string | undefined, signal: AbortSignal): Promise<Held | Failure> => {
    const source = sources.get(reference.source)
    if (source === undefined) return unknown(reference, sources)
    const read = readKey(reference)
    const call = async (flight: AbortSignal): Promise<Held> =>
      opened().put(read, await source.read(reference.path, pin, flight), pin !== undefined)
    try {
      return await joinFlight(`${read} ${pin ?? ''}`, call, signal)
    } catch (error) {
      return await instead(source, reference, pin, inWords(error, reference, signal), signal)
    }
  }

  /** What RAM holds, where it may stand in for the source. */
  const instead = async (
    source: Source,
    reference: Reference,
    pin: string | undefined,
    failure: Failure,
    signal: AbortSignal,
  ): Promise<Held | Failure> => {
    const held = shelf?.get(readKey(reference), pin)
    if (held === undefined) return failure
    if (bridged.includes(failure.code)) return held
    const gone = failure.code === 'SECRET_NOT_FOUND' && pin !== undefined
    return gone && (await isThere(source, reference.path, signal)) ? held : failure
  }

  return {
    open: async () => {
      const marks = openMarks(join(ram, 'fingerprint.key'))
      const lastGood = createLastGood(ram, marks.name)
      const problem = (message: string): void => emit({ kind: 'problem', where: 'store', message })
      shelf = createShelf({ marks, lastGood, problem, now: Date.now })
      shelf.load()
      listings = createListings({ file: join(ram, 'listings.json'), problem, now: Date.now })
    },
    ensure: async (references, { pins, signal }) => {
      const wanted = new Map(references.map((reference) => [readKey(reference), reference]))
      const answers = [...wanted].map(async ([read, reference]) => {
        const pin = pinnedVersion(reference) ?? pins?.[read]
        return [read, await one(reference, pin, signal)] as const
      })
      return new Map(await Promise.all(answers))
    },
    children: async (reference, signal) => {
      const source = sources.get(reference.source)
      if (source === undefined) throw unknown(reference, sources)
      const listing = readKey(reference)
      try {
        const names = await source.children(reference.path, signal)
        listings?.put(listing, names)
        return names
      } catch (error) {
        const failure = inWords(error, reference, signal)
        const before = listings?.get(listing)
        if (before === undefined || !bridged.includes(failure.code)) throw failure
        return before
      }
    },
    keep: (inUse) => {
      shelf?.keep(inUse)
      listings?.keep(inUse.keys())
    },
    onChange: (callback) => {
      for (const [name, source] of sources)
        source.onChange((path) => callback(path === undefined ? undefined : readsOf(name, path)))
    },
    stats: () => {
      const held = [...(shelf?.all() ?? [])]
      const bytes = held.flatMap(({ content }) => valuesOf(content)).reduce((sum, [, value]) => sum + value.length, 0)
      return { secrets: new Set(held.map(({ read }) => read)).size, bytes }
    },
    inUse: function* () {
      for (const { read, content } of shelf?.all() ?? []) {
        const whole = referenceOfKey(read)
        for (const [field, value] of valuesOf(content))
          yield { reference: printReference({ ...whole, field: field === undefined ? [] : [field] }), value }
      }
    },
  }
}

/** A pinned version may be gone from a source that still has the secret; a secret that is gone is gone. */
async function isThere(source: Source, path: string, signal: AbortSignal): Promise<boolean> {
  try {
    wipeContent((await source.read(path, undefined, signal)).content)
    return true
  } catch {
    return false
  }
}

/** The reads that a change at this path touches: its own, and that of all below its parent. */
function readsOf(source: string, path: string): ReadKey[] {
  const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')))
  const own = readKey({ source, path, query: [], field: [] })
  return parent === '' ? [own] : [own, readKey({ source, path: parent, query: [], field: [], wildcard: 'children' })]
}

const valuesOf = (content: Content): [string | undefined, Secret][] =>
  content.kind === 'value'
    ? [[undefined, content.value]]
    : [...content.fields].map(([name, { value }]) => [name, value])

const unknown = ({ source }: Reference, sources: ReadonlyMap<string, Source>): Failure =>
  new Failure('SOURCE_UNKNOWN', `there is no source ${source}`, `the sources are: ${[...sources.keys()].join(', ')}`)

/** Of an error that is not ours only its kind passes (docs/requirements.md 9). */
function inWords(error: unknown, reference: Reference, signal: AbortSignal): Failure {
  if (isFailure(error)) return error
  if (signal.aborted)
    return new Failure('SOURCE_UNREACHABLE', `${reference.source} did not answer in time`, 'try again')
  const kind = error instanceof Error ? error.name : 'error'
  return new Failure('SOURCE_MALFORMED', `${reference.source} could not read ${reference.path} (${kind})`, 'try again')
}
