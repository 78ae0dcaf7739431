import { Failure } from '../core/failure.ts'
import type { Filter } from '../core/model.ts'
import { quoted } from './json-text.ts'
import { Secret } from './secret.ts'

const alphabet = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/')
const unreserved = new Set(Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~'))
const hex = Buffer.from('0123456789ABCDEF')
const [pad, lf, cr, blank, percent] = [0x3d, 0x0a, 0x0d, 0x20, 0x25]

/** One function per filter. Each answers with bytes of its own; throws Failure SOURCE_MALFORMED for what it cannot take. */
const filters: { readonly [K in Filter]: (bytes: Uint8Array) => Secret } = {
  /** Percent-encodes all but RFC 3986's unreserved characters. */
  url: (bytes) => written(bytes.length + 2 * bytes.filter((byte) => !unreserved.has(byte)).length, bytes, putUrl),
  /** A JSON string, quotes included. */
  json: (bytes) => quoted(bytes) ?? refuse('is not UTF-8, so it is no JSON string', 'leave |json away, or use |base64'),
  /** RFC 4648 section 4, padded, on one line. */
  base64: (bytes) => written(4 * Math.ceil(bytes.length / 3), bytes, putBase64),
  unbase64,
  /** Without the newlines at its end. */
  trim: (bytes) => {
    let end = bytes.length
    while (end > 0 && (bytes[end - 1] === lf || bytes[end - 1] === cr)) end -= 1
    return new Secret(bytes.subarray(0, end))
  },
}

/** Applies filters from left to right. Wipes `secret` and what lies between. Throws Failure SOURCE_MALFORMED. */
export function applyFilters(secret: Secret, names: readonly Filter[]): Secret {
  let current = secret
  for (const name of names) {
    const before = current
    try {
      current = before.reveal(filters[name])
    } finally {
      before.wipe()
    }
  }
  return current
}

type Put = (out: Uint8Array, at: number, bytes: Uint8Array, from: number) => number

function written(length: number, bytes: Uint8Array, put: Put): Secret {
  const out = new Uint8Array(length)
  const step = put === putBase64 ? 3 : 1
  for (let from = 0, at = 0; from < bytes.length; from += step) at = put(out, at, bytes, from)
  const secret = new Secret(out)
  out.fill(0)
  return secret
}

function putUrl(out: Uint8Array, at: number, bytes: Uint8Array, from: number): number {
  const byte = bytes[from]!
  if (unreserved.has(byte)) {
    out[at] = byte
    return at + 1
  }
  out.set([percent, hex[byte >> 4]!, hex[byte & 15]!], at)
  return at + 3
}

function putBase64(out: Uint8Array, at: number, bytes: Uint8Array, from: number): number {
  const left = bytes.length - from
  const group = (bytes[from]! << 16) | ((bytes[from + 1] ?? 0) << 8) | (bytes[from + 2] ?? 0)
  out[at] = alphabet[group >> 18]!
  out[at + 1] = alphabet[(group >> 12) & 63]!
  out[at + 2] = left > 1 ? alphabet[(group >> 6) & 63]! : pad
  out[at + 3] = left > 2 ? alphabet[group & 63]! : pad
  return at + 4
}

/** Undoes RFC 4648 section 4 or 5, padded or not, over lines or not. Anything else is refused, left-over bits too. */
function unbase64(bytes: Uint8Array): Secret {
  const out = new Uint8Array(Math.floor((bytes.length * 3) / 4) + 3)
  let [length, bits, held, seen, padding] = [0, 0, 0, 0, 0]
  for (const byte of bytes) {
    if (byte === lf || byte === cr || byte === blank) continue
    if (byte === pad) padding += 1
    const six = sixBits(byte)
    if (byte === pad) continue
    if (six < 0 || padding > 0) return notBase64()
    seen += 1
    held = ((held << 6) | six) & 0xffff
    bits += 6
    if (bits < 8) continue
    bits -= 8
    out[length++] = (held >> bits) & 0xff
  }
  const rest = seen % 4
  const leftOver = held & ((1 << bits) - 1)
  if (rest === 1 || leftOver !== 0 || (padding > 0 && padding !== (4 - rest) % 4)) return notBase64()
  const secret = new Secret(out.subarray(0, length))
  out.fill(0)
  return secret
}

function sixBits(byte: number): number {
  if (byte === 0x2d) return 62
  if (byte === 0x5f) return 63
  return alphabet.indexOf(byte)
}

const notBase64 = (): never => refuse('is not base64', 'leave |unbase64 away, or correct the value')

/** The subject is named by whoever knows the reference. */
function refuse(what: string, remedy: string): never {
  throw new Failure('SOURCE_MALFORMED', `its value ${what}`, remedy)
}
