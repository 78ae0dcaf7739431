import { Failure } from '../core/failure.ts'
import { Secret } from '../store/secret.ts'
import { Usage } from './command.ts'
import type { Terminal } from './terminal.ts'

/** More than any vault takes: what is longer is refused before it is held. */
const inputLimit = 16 * 1024 * 1024

const alphabet = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789'

/** `count` random characters that need no quoting anywhere and are not mistaken for each other when read aloud. */
export async function generated(count: number): Promise<Secret> {
  const { randomInt } = await import('node:crypto')
  const bytes = new Uint8Array(count)
  for (let at = 0; at < count; at += 1) bytes[at] = alphabet.charCodeAt(randomInt(alphabet.length))
  return wiping(bytes)
}

/** Asks twice for a value that nobody sees. Throws Usage when the two differ or are empty. */
export async function prompted(terminal: Terminal, subject: string, command: string): Promise<Secret> {
  const first = wiping(await terminal.hidden(`Value of ${subject}: `))
  const second = wiping(await terminal.hidden('Again: '))
  const same = second.reveal((b) => first.reveal((a) => a.length === b.length && a.every((byte, at) => byte === b[at])))
  second.wipe()
  if (same && first.length > 0) return first
  first.wipe()
  const what = same ? 'an empty value is taken only from standard input' : 'the two values differ'
  throw new Usage(`dso: ${command}: ${what}: nothing was changed, try again`)
}

/** Everything on standard input, exactly. Throws VALUE_TOO_LARGE for more than any vault takes. */
export async function piped(terminal: Terminal): Promise<Secret> {
  try {
    return wiping(await terminal.input(inputLimit))
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new Failure('VALUE_TOO_LARGE', 'standard input is longer than 16 MiB', 'no secret may be that large')
  }
}

function wiping(bytes: Uint8Array): Secret {
  const secret = new Secret(bytes)
  bytes.fill(0)
  return secret
}

export const endsInNewline = (secret: Secret): boolean => secret.reveal((bytes) => bytes.at(-1) === 10)

/** Sends the bytes of a secret as `use` says and wipes them. */
export async function spending<T>(secret: Secret, use: (bytes: Uint8Array) => Promise<T>): Promise<T> {
  try {
    return await secret.reveal(use)
  } finally {
    secret.wipe()
  }
}
