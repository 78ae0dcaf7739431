import type { ReadKey } from '../core/model.ts'
import type { Content } from './content.ts'
import { wipeContent } from './content-bytes.ts'
import type { LastGood } from './last-good.ts'
import type { Marks } from './marks.ts'
import type { Reading } from './source.ts'

/** One version of one read, as long as it is in RAM. */
export interface Held {
  readonly read: ReadKey
  readonly version: string
  readonly mark: string
  readonly content: Content
}

/** Newest reading first; the first is the last good value. */
type Row = readonly (Held & { readonly readAt: number })[]

/** Most versions of one read, and most after `keep`. */
const [MOST, KEPT] = [4, 2]
/** What was read within this time stays: it is on its way to a mount that nobody can see yet. */
const ON_ITS_WAY_MS = 10_000
/** Whoever got a value may use it for so long after it was dropped; then its bytes are overwritten. */
const WIPED_AFTER_MS = 60_000

/** The values in RAM and their copies in the tmpfs, in step. */
export interface Shelf {
  load(): void
  /** Takes a reading over. The content held before is answered again when it is the same one. */
  put(read: ReadKey, reading: Reading, pinned: boolean): Held
  /** The version asked for, else the last good one. */
  get(read: ReadKey, version: string | undefined): Held | undefined
  keep(inUse: ReadonlyMap<ReadKey, ReadonlySet<string>>): void
  all(): Iterable<Held>
}

export interface ShelfNeeds {
  readonly marks: Marks
  readonly lastGood: LastGood
  /** A copy could not be kept in the tmpfs. Value-free. */
  readonly problem: (message: string) => void
  readonly now: () => number
}

export function createShelf({ marks, lastGood, problem, now }: ShelfNeeds): Shelf {
  const rows = new Map<ReadKey, Row>()

  const replace = (read: ReadKey, row: Row): void => {
    for (const one of rows.get(read) ?? [])
      if (row.every(({ content }) => content !== one.content)) wipeLater(one.content)
    if (row.length === 0) rows.delete(read)
    else rows.set(read, row)
    try {
      if (row.length === 0) lastGood.remove(read)
      else lastGood.save(read, row)
    } catch (error) {
      problem(`the last good value of ${read} could not be kept in RAM (${(error as NodeJS.ErrnoException).code})`)
    }
  }

  /** A pinned reading does not take the first place from the last good value. */
  const placed = (row: Row, held: Row[number], pinned: boolean): Row => {
    const others = row.filter(({ version }) => version !== held.version)
    const first = pinned && row[0]?.version !== held.version ? others.slice(0, 1) : []
    return [...first, held, ...others.slice(first.length)].slice(0, MOST)
  }

  const put = (read: ReadKey, { version, content }: Reading, pinned: boolean): Held => {
    const mark = marks.mark(read, version, content)
    const row = rows.get(read) ?? []
    const same = row.find((one) => one.version === version && one.mark === mark)
    if (same !== undefined) wipeContent(content)
    const held = { read, version, mark, content: same?.content ?? content, readAt: now() }
    const next = placed(row, held, pinned)
    if (next.every((one, index) => one.content === row[index]?.content)) rows.set(read, next)
    else replace(read, next)
    return held
  }

  return {
    put,
    load: () => {
      for (const { read, versions } of lastGood.load()) {
        const row = versions.map((one) => ({
          ...one,
          read,
          mark: marks.mark(read, one.version, one.content),
          readAt: 0,
        }))
        if (row.length > 0) rows.set(read, row)
      }
    },
    get: (read, version) => (rows.get(read) ?? []).find((one) => version === undefined || one.version === version),
    keep: (inUse) => {
      const since = now() - ON_ITS_WAY_MS
      for (const [read, row] of rows) {
        const used = row.filter((one) => inUse.get(read)?.has(one.version)).slice(0, KEPT)
        const next = row.filter((one) => used.includes(one) || one.readAt > since)
        if (next.length < row.length) replace(read, next)
      }
    },
    all: () => [...rows.values()].flat(),
  }
}

function wipeLater(content: Content): void {
  setTimeout(wipeContent, WIPED_AFTER_MS, content).unref()
}
