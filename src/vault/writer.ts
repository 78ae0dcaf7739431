import { Failure } from '../core/failure.ts'
import { type AgeKey, encrypt } from './age-file.ts'
import { type Book, encodeBook, type Pages } from './book.ts'
import { type Draft, draftOf, entriesWith, layDown } from './edit.ts'
import type { Generations } from './generations.ts'

export interface Edit<T> {
  /** `set`, `rollback`, `delete`, `purge`. */
  readonly by: string
  readonly path: string
  apply(draft: Draft): T
}

export interface Written {
  readonly book: Book
  readonly changes: readonly { readonly path: string; readonly version: number; readonly by: string }[]
  /** False: an older file stands where it should not, until the next write. */
  readonly settled: boolean
}

interface Waiting {
  readonly edit: Edit<unknown>
  resolve(value: unknown): void
  reject(error: unknown): void
}

/**
 * Turns edits into generations: the edits that came while one was written go into the next together. An edit is answered
 * when it is on disk; until then, and after a failure, readers see the book as it was.
 */
export function createWriter(
  generations: Generations,
  opened: () => { book: Book; key: AgeKey },
  written: (result: Written) => void,
) {
  let queue: Waiting[] = []
  let running: Promise<void> | undefined

  const drain = async (): Promise<void> => {
    while (queue.length > 0) {
      const batch = queue
      queue = []
      await writeBatch(batch)
    }
    running = undefined
  }

  const writeBatch = async (batch: readonly Waiting[]): Promise<void> => {
    try {
      const { book, key } = opened()
      const draft = draftOf(book)
      const applied = batch.flatMap((one) => apply(one, draft))
      if (draft.changed.size > 0) written(await commit(draft, book, key, batch))
      for (const { one, answer } of applied) one.resolve(answer)
    } catch (error) {
      for (const one of batch) one.reject(inWords(error))
    }
  }

  const commit = async (draft: Draft, book: Book, key: AgeKey, batch: readonly Waiting[]): Promise<Written> => {
    const next = { ...book, generation: book.generation + 1 }
    const pages: Pages = {
      generation: next.generation,
      innerKey: book.innerKey,
      entries: () => entriesWith(draft),
      purged: () => new Map([...book.purged, ...draft.purged]),
    }
    const settled = await writePages(generations, pages, key, { keepPrevious: draft.purged.size === 0 })
    layDown(draft)
    const by = new Map(batch.map(({ edit }) => [edit.path, edit.by]))
    const changes = [...draft.changed].map(([path, version]) => ({ path, version, by: by.get(path) ?? 'set' }))
    return { book: next, changes, settled }
  }

  return {
    write: <T>(edit: Edit<T>): Promise<T> =>
      new Promise<T>((resolve, reject) => {
        queue.push({ edit, resolve: resolve as (value: unknown) => void, reject })
        running ??= drain()
      }),
    idle: async (): Promise<void> => running,
  }
}

/** An edit that is refused is answered at once and leaves the draft as it was. */
function apply(one: Waiting, draft: Draft): { one: Waiting; answer: unknown }[] {
  try {
    return [{ one, answer: one.edit.apply(draft) }]
  } catch (error) {
    one.reject(error)
    return []
  }
}

/** Writes one generation. Throws what the file system says; then the old one stands. */
async function writePages(
  generations: Generations,
  pages: Pages,
  key: AgeKey,
  o: { keepPrevious: boolean },
): Promise<boolean> {
  const plaintext = encodeBook(pages)
  try {
    return await generations.commit(await encrypt(plaintext, key), pages.generation, o)
  } finally {
    plaintext.fill(0)
  }
}

export const writeBook = (
  generations: Generations,
  book: Book,
  key: AgeKey,
  o: { keepPrevious: boolean },
): Promise<boolean> =>
  writePages(generations, { ...book, entries: () => book.entries, purged: () => book.purged }, key, o)

/** A disk that takes no more is said in words; what was to be changed is as it was. */
export function inWords(error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException).code
  if (error instanceof Failure || typeof code !== 'string') return error
  return new Failure(
    'LOCAL_LOCKED',
    `the local vault could not be written (${code}), so nothing was changed`,
    'make room on its disk and try again',
  )
}
