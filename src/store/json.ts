import { isUtf8 } from 'node:buffer'
import type { FieldContent } from './content.ts'
import { Secret } from './secret.ts'

/**
 * JSON over bytes, taken apart without losing anything: values never become JavaScript strings or numbers, a number
 * keeps its spelling, what is nested stays the text it was. Only names are strings.
 */
const DEPTH_LIMIT = 64

/** Bytes that are not the JSON that was asked for. Says where and why, never what stands there. */
export class NotJson extends Error {
  override readonly name = 'NotJson'
}

interface Cursor {
  readonly bytes: Uint8Array
  at: number
}

interface Span {
  readonly start: number
  readonly end: number
}

const [quote, backslash, comma, colon] = [0x22, 0x5c, 0x2c, 0x3a]
const [openObject, closeObject, openArray, closeArray] = [0x7b, 0x7d, 0x5b, 0x5d]
const escapes = new Map([...'"\\/bfnrt'].map((char, index) => [char.charCodeAt(0), '"\\/\b\f\n\r\t'.charCodeAt(index)]))
const numbers = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/
const words = ['true', 'false', 'null'].map((word) => Buffer.from(word))

/** Splits one JSON object into its fields. Throws NotJson for anything else, for a name that stands twice, and for nesting over 64. */
export function splitObject(bytes: Uint8Array): Map<string, FieldContent> {
  const fields = new Map<string, FieldContent>()
  for (const [name, span] of members(document(bytes, openObject, 'an object'), 1))
    fields.set(name, contentOf(bytes, span))
  return fields
}

/** The names or, of an array, the indexes that one step into this JSON can take; undefined when it is neither object nor array. */
export function stepsInto(
  bytes: Uint8Array,
): { readonly kind: 'names' | 'indexes'; readonly spans: ReadonlyMap<string, Span> } | undefined {
  const first = bytes[0]
  if (first === openObject) return { kind: 'names', spans: members(document(bytes, openObject, 'an object'), 1) }
  if (first === openArray) return { kind: 'indexes', spans: items(document(bytes, openArray, 'an array'), 1) }
  return undefined
}

/** What stands in a span of this JSON: the decoded bytes of a string, else its own text. */
export function contentOf(bytes: Uint8Array, { start, end }: Span): FieldContent {
  if (bytes[start] !== quote) return { kind: 'json', value: new Secret(bytes.subarray(start, end)) }
  const decoded = decodeString(bytes, start + 1, end - 1)
  const value = new Secret(decoded)
  decoded.fill(0)
  return { kind: 'string', value }
}

function document(bytes: Uint8Array, opener: number, wanted: string): Cursor {
  if (!isUtf8(bytes)) throw new NotJson('not UTF-8')
  const cursor = { bytes, at: 0 }
  blanks(cursor)
  if (bytes[cursor.at] !== opener) throw new NotJson(`not ${wanted}`)
  const end = { bytes, at: cursor.at }
  skipValue(end, 0)
  blanks(end)
  if (end.at !== bytes.length) fail(end, 'more after its end')
  return cursor
}

/** Reads the object that begins at the cursor: each name with the span of its value. Leaves the cursor behind it. */
function members(cursor: Cursor, depth: number): Map<string, Span> {
  const found = new Map<string, Span>()
  list(cursor, closeObject, () => {
    if (cursor.bytes[cursor.at] !== quote) fail(cursor, 'a name is missing')
    const key = skipString(cursor)
    const name = Buffer.from(decodeString(cursor.bytes, key.start + 1, key.end - 1)).toString()
    if (found.has(name)) fail(cursor, 'a name stands twice')
    blanks(cursor)
    if (cursor.bytes[cursor.at++] !== colon) fail(cursor, 'a colon is missing')
    blanks(cursor)
    found.set(name, skipValue(cursor, depth))
  })
  return found
}

function items(cursor: Cursor, depth: number): Map<string, Span> {
  const found = new Map<string, Span>()
  list(cursor, closeArray, () => found.set(String(found.size), skipValue(cursor, depth)))
  return found
}

function list(cursor: Cursor, closer: number, item: () => void): void {
  cursor.at += 1
  blanks(cursor)
  if (cursor.bytes[cursor.at] === closer) {
    cursor.at += 1
    return
  }
  for (;;) {
    item()
    blanks(cursor)
    const next = cursor.bytes[cursor.at++]
    if (next === closer) return
    if (next !== comma) fail(cursor, 'a comma or an end is missing')
    blanks(cursor)
  }
}

function skipValue(cursor: Cursor, depth: number): Span {
  if (depth > DEPTH_LIMIT) fail(cursor, `nested deeper than ${DEPTH_LIMIT}`)
  const first = cursor.bytes[cursor.at]
  if (first === quote) return skipString(cursor)
  const start = cursor.at
  if (first === openObject) members(cursor, depth + 1)
  else if (first === openArray) list(cursor, closeArray, () => skipValue(cursor, depth + 1))
  else skipPlain(cursor)
  return { start, end: cursor.at }
}

function skipString(cursor: Cursor): Span {
  const start = cursor.at++
  for (;;) {
    const byte = cursor.bytes[cursor.at++]
    if (byte === undefined) fail(cursor, 'a string has no end')
    if (byte === quote) return { start, end: cursor.at }
    if (byte! < 0x20) fail(cursor, 'a control character stands in a string')
    if (byte === backslash) skipEscape(cursor)
  }
}

function skipEscape(cursor: Cursor): void {
  const kind = cursor.bytes[cursor.at++] ?? 0
  if (escapes.has(kind)) return
  if (kind !== 0x75) fail(cursor, 'an escape is wrong')
  const unit = hexUnit(cursor, cursor.at)
  cursor.at += 4
  if (unit >= 0xdc00 && unit <= 0xdfff) fail(cursor, 'half a surrogate pair')
  if (unit < 0xd800 || unit > 0xdbff) return
  const paired = cursor.bytes[cursor.at] === backslash && cursor.bytes[cursor.at + 1] === 0x75
  const low = paired ? hexUnit(cursor, cursor.at + 2) : 0
  if (low < 0xdc00 || low > 0xdfff) fail(cursor, 'half a surrogate pair')
  cursor.at += 6
}

function hexUnit(cursor: Cursor, at: number): number {
  let unit = 0
  for (let index = at; index < at + 4; index += 1) {
    const digit = '0123456789abcdef'.indexOf(String.fromCharCode(cursor.bytes[index] ?? 0).toLowerCase())
    if (digit < 0) fail(cursor, 'an escape is wrong')
    unit = unit * 16 + digit
  }
  return unit
}

/** A number, true, false or null. Its bytes are compared and matched, and kept as they are. */
function skipPlain(cursor: Cursor): void {
  const start = cursor.at
  while (isPlain(cursor.bytes[cursor.at])) cursor.at += 1
  const text = cursor.bytes.subarray(start, cursor.at)
  if (words.some((word) => word.equals(text))) return
  if (!isNumber(text))
    fail({ bytes: cursor.bytes, at: start }, 'neither a string, a number, true, false, null, an object nor an array')
}

const isPlain = (byte: number | undefined): boolean =>
  byte !== undefined &&
  ((byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x61 && byte <= 0x7a) ||
    byte === 0x45 ||
    byte === 0x2b ||
    byte === 0x2d ||
    byte === 0x2e)

/** Follows the number's grammar on a picture of it in which every digit is a zero or a one, so that the value is not made a string. */
function isNumber(text: Uint8Array): boolean {
  const picture = Array.from(text, (byte) =>
    byte === 0x30 ? '0' : byte >= 0x31 && byte <= 0x39 ? '1' : String.fromCharCode(byte),
  )
  return numbers.test(picture.join(''))
}

function blanks(cursor: Cursor): void {
  for (;;) {
    const byte = cursor.bytes[cursor.at]
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return
    cursor.at += 1
  }
}

/** The bytes of a string that `skipString` has accepted, between its quotes. Never longer than its text. */
function decodeString(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const out = new Uint8Array(end - start)
  let length = 0
  for (let at = start; at < end; ) {
    const byte = bytes[at++]!
    if (byte !== backslash) {
      out[length++] = byte
      continue
    }
    const kind = bytes[at++]!
    const plain = escapes.get(kind)
    if (plain !== undefined) {
      out[length++] = plain
      continue
    }
    let point = hexUnit({ bytes, at }, at)
    at += 4
    if (point >= 0xd800 && point <= 0xdbff) {
      point = 0x10000 + ((point - 0xd800) << 10) + (hexUnit({ bytes, at }, at + 2) - 0xdc00)
      at += 6
    }
    length = putCodePoint(out, length, point)
  }
  return out.subarray(0, length)
}

function putCodePoint(out: Uint8Array, at: number, point: number): number {
  if (point < 0x80) out[at++] = point
  else if (point < 0x800) at = put(out, at, 0xc0 | (point >> 6), point & 0x3f)
  else if (point < 0x10000) at = put(out, at, 0xe0 | (point >> 12), (point >> 6) & 0x3f, point & 0x3f)
  else at = put(out, at, 0xf0 | (point >> 18), (point >> 12) & 0x3f, (point >> 6) & 0x3f, point & 0x3f)
  return at
}

function put(out: Uint8Array, at: number, lead: number, ...rest: number[]): number {
  out[at++] = lead
  for (const six of rest) out[at++] = 0x80 | six
  return at
}

function fail(cursor: Cursor, reason: string): never {
  throw new NotJson(`${reason}, at byte ${cursor.at}`)
}
