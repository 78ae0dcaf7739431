/** One spelling in which a value may lie somewhere. */
export interface Form {
  readonly name: string
  readonly bytes: Uint8Array<ArrayBuffer>
}

const standard = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/')
const urlSafe = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_')
const lowerHex = Buffer.from('0123456789abcdef')
const upperHex = Buffer.from('0123456789ABCDEF')

/** What `encodeURIComponent` leaves beside letters and digits, and what RFC 3986 calls unreserved. */
const componentMarks = new Set(Buffer.from("-_.!~*'()"))
const unreservedMarks = new Set(Buffer.from('-_.~'))

/**
 * Every form in which `value` is looked for, without repetitions. All work is on bytes: no JavaScript string holds the
 * value. Each form is at least as long as the value, but for base64, which keeps only the characters that no neighbour
 * of the value can change: ten for a value of eight bytes.
 */
export function formsOf(value: Uint8Array): readonly Form[] {
  const forms: Form[] = []
  const add = (name: string, bytes: ArrayLike<number>) => {
    const form = { name, bytes: Uint8Array.from(bytes) }
    if (!forms.some((other) => Buffer.compare(other.bytes, form.bytes) === 0)) forms.push(form)
  }
  add('as it is', value)
  for (const offset of [0, 1, 2] as const) {
    add('base64', base64(value, offset, standard))
    add('base64 (URL alphabet)', base64(value, offset, urlSafe))
  }
  add('hex', hex(value, lowerHex))
  add('hex', hex(value, upperHex))
  for (const digits of [upperHex, lowerHex]) {
    add('URL-encoded', percent(value, unreservedMarks, digits, false))
    add('URL-encoded', percent(value, unreservedMarks, digits, true))
    add('URL-encoded', percent(value, componentMarks, digits, false))
  }
  const points = codePoints(value)
  if (points) for (const style of jsonStyles) add('JSON-escaped', json(points, style))
  return forms
}

/** The base64 characters that `value` alone decides when `offset` bytes stand before it in its group of three. */
function base64(value: Uint8Array, offset: 0 | 1 | 2, alphabet: Uint8Array): number[] {
  const first = [0, 4, 2][offset] ?? 0
  const characters: number[] = []
  for (let bit = first; bit + 6 <= value.length * 8; bit += 6) {
    const at = bit >> 3
    const pair = ((value[at] ?? 0) << 8) | (value[at + 1] ?? 0)
    characters.push(alphabet[(pair >> (10 - (bit & 7))) & 63] ?? 0)
  }
  return characters
}

function hex(value: Uint8Array, digits: Uint8Array): number[] {
  const characters: number[] = []
  for (const byte of value) characters.push(digits[byte >> 4] ?? 0, digits[byte & 15] ?? 0)
  return characters
}

function percent(value: Uint8Array, marks: ReadonlySet<number>, digits: Uint8Array, plusForBlank: boolean): number[] {
  const characters: number[] = []
  for (const byte of value) {
    if (isAlphanumeric(byte) || marks.has(byte)) characters.push(byte)
    else if (plusForBlank && byte === 0x20) characters.push(0x2b)
    else characters.push(0x25, digits[byte >> 4] ?? 0, digits[byte & 15] ?? 0)
  }
  return characters
}

const isAlphanumeric = (byte: number): boolean =>
  (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a)

interface JsonStyle {
  /** Characters written as \u escapes though JSON does not ask for it. */
  readonly escaped: (point: number) => boolean
  /** `/` is written `\/`. */
  readonly slash: boolean
}

/** JavaScript's own; Go's, which dockerd uses; Python's; PHP's. */
const jsonStyles: readonly JsonStyle[] = [
  { escaped: () => false, slash: false },
  {
    escaped: (point) => point === 0x3c || point === 0x3e || point === 0x26 || point === 0x2028 || point === 0x2029,
    slash: false,
  },
  { escaped: (point) => point > 0x7e, slash: false },
  { escaped: (point) => point > 0x7e, slash: true },
]

const shortEscapes = new Map([
  [0x08, 0x62],
  [0x09, 0x74],
  [0x0a, 0x6e],
  [0x0c, 0x66],
  [0x0d, 0x72],
  [0x22, 0x22],
  [0x5c, 0x5c],
])

function json(points: readonly number[], style: JsonStyle): number[] {
  const characters: number[] = []
  for (const point of points) {
    const short = style.slash && point === 0x2f ? 0x2f : shortEscapes.get(point)
    if (short !== undefined) characters.push(0x5c, short)
    else if (point < 0x20 || style.escaped(point)) characters.push(...unicodeEscapes(point))
    else characters.push(...utf8(point))
  }
  return characters
}

function unicodeEscapes(point: number): number[] {
  const units = point < 0x10000 ? [point] : [0xd800 + ((point - 0x10000) >> 10), 0xdc00 + ((point - 0x10000) & 0x3ff)]
  return units.flatMap((unit) => [0x5c, 0x75, ...[12, 8, 4, 0].map((shift) => lowerHex[(unit >> shift) & 15] ?? 0)])
}

function utf8(point: number): number[] {
  if (point < 0x80) return [point]
  if (point < 0x800) return [0xc0 | (point >> 6), 0x80 | (point & 63)]
  if (point < 0x10000) return [0xe0 | (point >> 12), 0x80 | ((point >> 6) & 63), 0x80 | (point & 63)]
  return [0xf0 | (point >> 18), 0x80 | ((point >> 12) & 63), 0x80 | ((point >> 6) & 63), 0x80 | (point & 63)]
}

/** The characters of UTF-8 text; undefined for bytes that are none, which JSON cannot hold. */
function codePoints(value: Uint8Array): number[] | undefined {
  const points: number[] = []
  for (let at = 0; at < value.length; ) {
    const lead = value[at] ?? 0
    const length = lead < 0x80 ? 1 : lead >= 0xf0 && lead < 0xf5 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 0
    if (length === 0 || lead >= 0xf5) return undefined
    let point = length === 1 ? lead : lead & (0xff >> (length + 1))
    for (let next = 1; next < length; next++) {
      const byte = value[at + next] ?? 0
      if ((byte & 0xc0) !== 0x80) return undefined
      point = (point << 6) | (byte & 63)
    }
    points.push(point)
    at += length
  }
  return points
}
