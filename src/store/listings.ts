import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { ReadKey } from '../core/model.ts'

/** What was read within this time stays: it is on its way to a mount that nobody can see yet. */
const ON_ITS_WAY_MS = 10_000

/** The names that lay below each path asked for by `/*`: without them the last good values below it cannot be found. */
export interface Listings {
  put(listing: ReadKey, names: readonly string[]): void
  get(listing: ReadKey): readonly string[] | undefined
  /** Drops the listings below which nothing is in use. */
  keep(inUse: Iterable<ReadKey>): void
}

interface Listing {
  readonly names: readonly string[]
  readonly readAt: number
}

export interface ListingsNeeds {
  /** In the tmpfs; what an agent before left there is taken over. Names only, no values. */
  readonly file: string
  readonly problem: (message: string) => void
  readonly now: () => number
}

export function createListings({ file, problem, now }: ListingsNeeds): Listings {
  const listings = load(file)
  const save = () => {
    try {
      const names = [...listings].map(([listing, one]) => [listing, one.names])
      writeFileSync(`${file}.new`, JSON.stringify(names), { mode: 0o600 })
      renameSync(`${file}.new`, file)
    } catch (error) {
      problem(`names of secrets could not be kept in RAM (${(error as NodeJS.ErrnoException).code})`)
    }
  }
  return {
    put: (listing, names) => {
      const before = listings.get(listing)
      listings.set(listing, { names, readAt: now() })
      if (before?.names.join('\n') !== names.join('\n')) save()
    },
    get: (listing) => listings.get(listing)?.names,
    keep: (inUse) => {
      const parents = new Set([...inUse].map((read) => `${read.slice(0, read.lastIndexOf('/'))}/*`))
      const unused = [...listings].filter(
        ([listing, { readAt }]) => !parents.has(listing) && readAt <= now() - ON_ITS_WAY_MS,
      )
      for (const [listing] of unused) listings.delete(listing)
      if (unused.length > 0) save()
    },
  }
}

/** A file that is not whole is as good as none. */
function load(file: string): Map<ReadKey, Listing> {
  try {
    const saved = JSON.parse(readFileSync(file, 'utf8')) as readonly (readonly [ReadKey, readonly string[]])[]
    return new Map(saved.map(([listing, names]) => [listing, { names, readAt: 0 }]))
  } catch {
    return new Map()
  }
}
