import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Emit } from '../core/event.ts'
import { Failure } from '../core/failure.ts'
import { Secret } from '../store/secret.ts'
import type { AgeKey } from './age-file.ts'
import type { Book } from './book.ts'
import type { Generations } from './generations.ts'
import { identityOf, type KeyPlace, machineKey } from './key.ts'
import { type Lock, takeLock } from './lock.ts'
import { openBook } from './opening.ts'
import { writeBook } from './writer.ts'

/** scrypt's cost: of a key of 256 random bits nothing is to be guessed, of a human's passphrase everything. */
const [KEY_WORK_FACTOR, PASSPHRASE_WORK_FACTOR] = [10, 18]
const SHORTEST_PASSPHRASE = 10

export interface SessionOptions {
  readonly path: string
  readonly place: KeyPlace
  readonly generations: Generations
  readonly emit: Emit
}

export type SessionState =
  | { readonly state: 'ok'; readonly book: Book }
  | { readonly state: 'locked' | 'refused'; readonly failure: Failure }

/** From no key to an open book: open, unlock, and what stands in the way. */
export interface Session {
  state(): SessionState
  identity(): string
  /** Throws Failure LOCAL_LOCKED while there is no open book. */
  opened(): { readonly book: Book; readonly key: AgeKey }
  /** Puts the next generation in the place of the one before. */
  turn(book: Book): void
  /** Tries to open; attempts come one after another. Never throws: `state` says how it went. */
  attempt(passphrase: Secret | undefined, o: { acceptOlder: boolean }): Promise<void>
  close(): void
}

type State =
  | { readonly state: 'ok'; readonly book: Book; readonly key: AgeKey }
  | { readonly state: 'locked' | 'refused'; readonly failure: Failure }

export function createSession({ path, place, generations, emit }: SessionOptions): Session {
  const human = place.key === 'passphrase'
  let state: State = { state: 'locked', failure: locked('the local vault is not open yet', 'try again in a moment') }
  let identity = human ? 'passphrase' : 'key'
  let lock: Lock | undefined
  let turn: Promise<void> = Promise.resolve()

  const attempt = async (passphrase: Secret | undefined, acceptOlder: boolean): Promise<void> => {
    if (state.state === 'ok') return
    let key: AgeKey | undefined
    try {
      identity = await identityOf(place)
      lock ??= lockOf(path)
      const exists = await generations.exists()
      key = await keyOf(passphrase, exists)
      state =
        key === undefined
          ? { state: 'locked', failure: waiting(exists) }
          : exists
            ? await openThere(key, acceptOlder)
            : await openFirst(key)
    } catch (error) {
      state = { state: 'refused', failure: inOurWords(error, path) }
    }
    if (state.state === 'ok') return
    key?.passphrase.wipe()
    emit({ kind: 'vault.locked', message: `${state.failure.what}: ${state.failure.remedy}` })
  }

  const keyOf = async (passphrase: Secret | undefined, exists: boolean): Promise<AgeKey | undefined> => {
    if (!human) return { passphrase: await machineKey(place, exists), workFactor: KEY_WORK_FACTOR }
    if (passphrase === undefined) return undefined
    return { passphrase: passphrase.reveal((bytes) => new Secret(bytes)), workFactor: PASSPHRASE_WORK_FACTOR }
  }

  const openFirst = async (key: AgeKey): Promise<State> => {
    if (human && key.passphrase.length < SHORTEST_PASSPHRASE)
      return {
        state: 'locked',
        failure: locked(
          `a passphrase needs at least ${SHORTEST_PASSPHRASE} characters`,
          'five words that nobody would put together are good',
        ),
      }
    const book: Book = { generation: 1, innerKey: new Secret(randomBytes(32)), entries: new Map(), purged: new Map() }
    await writeBook(generations, book, key, { keepPrevious: false })
    emit({ kind: 'vault.unlocked', message: `a new local vault (${identity})` })
    return { state: 'ok', book, key }
  }

  const openThere = async (key: AgeKey, acceptOlder: boolean): Promise<State> => {
    const opening = await openBook(await generations.look(), key, { acceptOlder, passphrase: human })
    if ('refusal' in opening)
      return { state: human && opening.wrongKey ? 'locked' : 'refused', failure: opening.refusal }
    const { book, accepted } = opening
    if (accepted === undefined) {
      await generations.settle()
      emit({ kind: 'vault.unlocked', message: identity })
      return { state: 'ok', book, key }
    }
    const next: Book = { ...book, generation: accepted.generation + 1 }
    await writeBook(generations, next, key, { keepPrevious: true })
    emit({
      kind: 'vault.unlocked',
      message: `${identity}; generation ${book.generation} of ${accepted.path} was taken by unlock --accept-older`,
    })
    return { state: 'ok', book: next, key }
  }

  return {
    state: () => state,
    identity: () => identity,
    opened: () => {
      if (state.state !== 'ok') throw state.failure
      return state
    },
    turn: (book) => {
      if (state.state === 'ok') state = { ...state, book }
    },
    attempt: (passphrase, o) => {
      turn = turn.then(() => attempt(passphrase, o.acceptOlder))
      return turn
    },
    close: () => {
      if (state.state === 'ok') for (const secret of [state.key.passphrase, state.book.innerKey]) secret.wipe()
      state = { state: 'locked', failure: locked('the local vault is closed', 'start the agent') }
      lock?.release()
      lock = undefined
    },
  }
}

function lockOf(path: string): Lock {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const lock = takeLock(`${path}.lock`)
  if ('release' in lock) return lock
  throw locked(`another agent (process ${lock.holder}) writes ${path}`, 'stop it; one vault has one writer')
}

const waiting = (exists: boolean): Failure =>
  exists
    ? locked('the local vault is locked', 'unlock it: docker dso unlock')
    : locked('the local vault has no passphrase yet', 'give it one: docker dso unlock')

function inOurWords(error: unknown, path: string): Failure {
  if (error instanceof Failure) return error
  const { code, name } = error as NodeJS.ErrnoException
  return locked(`${path} cannot be opened (${code ?? name})`, 'mend what stands in the way, then: docker dso unlock')
}

const locked = (what: string, remedy: string): Failure => new Failure('LOCAL_LOCKED', what, remedy)
