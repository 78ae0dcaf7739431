import { Failure } from '../core/failure.ts'
import { type AgeKey, decrypt } from './age-file.ts'
import { type Book, decodeBook, NotABook } from './book.ts'
import type { Found, Journal, Look } from './generations.ts'

/** What one file is under the key. */
type Tried = { readonly file: Found } & (
  | { readonly book: Book }
  | { readonly reason: 'wrong key' | 'damaged' | 'unknown format' }
)

export type Opening =
  | {
      readonly book: Book
      /** The file is not the one that the journal names: it must be written anew under a generation above `generation`. */
      readonly accepted?: { readonly path: string; readonly generation: number }
    }
  | { readonly refusal: Failure; readonly wrongKey: boolean }

const ACCEPT = 'docker dso unlock --accept-older'

/**
 * Opens the file that the journal names. Any other is refused, with what is wrong with it, unless `acceptOlder`: then the
 * newest that is whole and under this key is taken. Changes nothing.
 */
export async function openBook(
  look: Look,
  key: AgeKey,
  o: { acceptOlder: boolean; passphrase: boolean },
): Promise<Opening> {
  if (look.named !== undefined) {
    const tried = await tryFile(look.named, key)
    if (!('book' in tried))
      return tried.reason === 'wrong key'
        ? wrongKey(look.named.path, o.passphrase)
        : refuse(unreadable(tried, look.journal))
    if (tried.book.generation === look.journal?.generation) return { book: tried.book }
  }
  const tries: Tried[] = []
  for (const file of look.files) tries.push(await tryFile(file, key))
  const newest = tries.reduce<(Tried & { book: Book }) | undefined>(
    (best, one) => ('book' in one && one.book.generation > (best?.book.generation ?? -1) ? one : best),
    undefined,
  )
  if (newest === undefined || !o.acceptOlder) return refusal(tries, newest, look.journal, o.passphrase)
  const generation = Math.max(look.journal?.generation ?? 0, newest.book.generation)
  return { book: newest.book, accepted: { path: newest.file.path, generation } }
}

async function tryFile(file: Found, key: AgeKey): Promise<Tried> {
  const plaintext = await decrypt(file.bytes, key)
  if (typeof plaintext === 'string') return { file, reason: plaintext }
  try {
    return { file, book: decodeBook(plaintext) }
  } catch (error) {
    if (error instanceof NotABook) return { file, reason: 'unknown format' }
    throw error
  }
}

/** What to say of a vault of which no file is the one that the journal names. */
function refusal(
  tries: readonly Tried[],
  newest: (Tried & { book: Book }) | undefined,
  journal: Journal | undefined,
  passphrase: boolean,
): Opening {
  const [first] = tries
  if (first === undefined)
    return refuse(
      locked('the journal of the local vault is there, its file is not', 'restore the file from your backup'),
    )
  if (!('book' in first)) {
    if (passphrase && tries.every((one) => 'reason' in one && one.reason === 'wrong key'))
      return wrongKey(first.file.path, true)
    return refuse(unreadable(first, journal, newest))
  }
  const { path } = first.file
  const { generation } = first.book
  if (journal === undefined)
    return refuse(
      locked(
        `the journal of ${path} is missing or damaged, so nothing tells whether this is its newest generation`,
        `if it is the one you want: ${ACCEPT}`,
      ),
    )
  if (generation < journal.generation)
    return refuse(
      locked(
        `${path} is older (generation ${generation}) than the one written last (generation ${journal.generation})`,
        `restore the newer file, or take this one: ${ACCEPT}`,
      ),
    )
  return refuse(
    locked(
      `${path} (generation ${generation}) is not the file that the journal names (generation ${journal.generation})`,
      `if it is the one you want: ${ACCEPT}`,
    ),
  )
}

function unreadable(
  first: Tried & { reason: string },
  journal: Journal | undefined,
  newest?: Tried & { book: Book },
): Failure {
  const { path, bytes } = first.file
  const back =
    newest === undefined
      ? 'restore the file from your backup'
      : `restore the file from your backup, or go back to generation ${newest.book.generation} by ${ACCEPT}`
  if (first.reason === 'unknown format')
    return locked(`${path} was written by a newer DSO`, 'install that version again')
  if (journal !== undefined && bytes.length < journal.bytes)
    return locked(`${path} is cut short (${bytes.length} of ${journal.bytes} bytes)`, back)
  if (journal !== undefined && bytes.length > journal.bytes && first.reason === 'wrong key')
    return locked(`${path} is not under this key`, back)
  if (journal === undefined && first.reason === 'wrong key')
    return locked(`${path} is damaged, or not under this key`, `bring the right key, or ${back}`)
  return locked(`${path} is damaged: its bytes are not those that were written`, back)
}

const wrongKey = (path: string, passphrase: boolean): Opening => ({
  wrongKey: true,
  refusal: passphrase
    ? locked('the passphrase of the local vault is wrong', 'try again: docker dso unlock')
    : locked(`the key is wrong: ${path} is whole, but was not written under it`, 'bring the right key back'),
})

const refuse = (refusal: Failure): Opening => ({ refusal, wrongKey: false })

const locked = (what: string, remedy: string): Failure => new Failure('LOCAL_LOCKED', what, remedy)
