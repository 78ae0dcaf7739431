import { isUtf8 } from 'node:buffer'
import type { FieldContent } from './content.ts'
import { Secret } from './secret.ts'

/** Writes JSON as bytes: the counterpart of json.ts. */
const short = new Map([
  [0x22, '\\"'],
  [0x5c, '\\\\'],
  [0x08, '\\b'],
  [0x0c, '\\f'],
  [0x0a, '\\n'],
  [0x0d, '\\r'],
  [0x09, '\\t'],
])

/** The text of these bytes as a JSON string, quotes included; undefined when they are not UTF-8. */
export function quoted(bytes: Uint8Array): Secret | undefined {
  if (!isUtf8(bytes)) return undefined
  const out = new Uint8Array(2 + escapedLength(bytes))
  let at = 0
  out[at++] = 0x22
  for (const byte of bytes) at = putEscaped(out, at, byte)
  out[at] = 0x22
  const secret = new Secret(out)
  out.fill(0)
  return secret
}

/** A JSON object of these fields, names sorted by code point, without blanks. Gives the name of a field that is not UTF-8 instead. */
export function printObject(fields: ReadonlyMap<string, FieldContent>): Secret | { readonly notText: string } {
  const pieces: Uint8Array[] = []
  for (const [index, name] of sortedNames(fields).entries()) {
    const field = fields.get(name)!
    const text = field.kind === 'json' ? field.value : field.value.reveal(quoted)
    if (text === undefined) return { notText: name }
    pieces.push(
      Buffer.from(`${index === 0 ? '{' : ','}${JSON.stringify(name)}:`),
      text.reveal((bytes) => bytes),
    )
  }
  const all = joined([...(pieces.length === 0 ? [Buffer.from('{')] : pieces), Buffer.from('}')])
  const secret = new Secret(all)
  all.fill(0)
  return secret
}

/** Names in the order of their UTF-8 bytes, which is that of their code points. */
export const sortedNames = (fields: ReadonlyMap<string, unknown>): string[] =>
  [...fields.keys()].sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)))

/** Puts pieces one after another into memory of their own. */
export function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    out.set(piece, at)
    at += piece.length
  }
  return out
}

const escapeOf = (byte: number): string | undefined =>
  short.get(byte) ?? (byte < 0x20 ? `\\u${byte.toString(16).padStart(4, '0')}` : undefined)

function escapedLength(bytes: Uint8Array): number {
  let length = 0
  for (const byte of bytes) length += escapeOf(byte)?.length ?? 1
  return length
}

function putEscaped(out: Uint8Array, at: number, byte: number): number {
  const escaped = escapeOf(byte)
  if (escaped === undefined) {
    out[at] = byte
    return at + 1
  }
  for (let index = 0; index < escaped.length; index += 1) out[at + index] = escaped.charCodeAt(index)
  return at + escaped.length
}
