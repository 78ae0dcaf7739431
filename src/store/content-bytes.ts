import type { Content, FieldContent } from './content.ts'
import { joined, sortedNames } from './json-text.ts'
import { Secret } from './secret.ts'

/**
 * One content as bytes and back, the same bytes for the same content: what the vault seals, what the tmpfs copy holds
 * and what a mark is made of. `v` and the value; or `f` and, sorted by name, each field: kind (`s`, `j`), length of the
 * name (u16), name, length of the value (u32), value. Numbers are big-endian.
 */
const [value, fields, string, json] = ['v', 'f', 's', 'j'].map((letter) => letter.charCodeAt(0)) as [
  number,
  number,
  number,
  number,
]

/** The content's one form in bytes. */
export function packContent(content: Content): Secret {
  if (content.kind === 'value') return content.value.reveal((bytes) => secretOf([Uint8Array.of(value), bytes]))
  const pieces: Uint8Array[] = [Uint8Array.of(fields)]
  for (const name of sortedNames(content.fields)) {
    const field = content.fields.get(name)!
    const head = Buffer.alloc(7 + Buffer.byteLength(name))
    head[0] = field.kind === 'string' ? string : json
    head.writeUInt16BE(head.length - 7, 1)
    head.write(name, 3)
    head.writeUInt32BE(field.value.length, head.length - 4)
    pieces.push(
      head,
      field.value.reveal((bytes) => bytes),
    )
  }
  return secretOf(pieces)
}

/** Undoes `packContent`. Throws RangeError for bytes that it did not make. */
export function unpackContent(bytes: Uint8Array): Content {
  if (bytes[0] === value) return { kind: 'value', value: new Secret(bytes.subarray(1)) }
  if (bytes[0] !== fields) throw new RangeError('not a content')
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const found = new Map<string, FieldContent>()
  for (let at = 1; at < view.length; ) {
    const nameEnd = at + 3 + view.readUInt16BE(at + 1)
    const end = nameEnd + 4 + view.readUInt32BE(nameEnd)
    if (end > view.length || (view[at] !== string && view[at] !== json)) throw new RangeError('not a content')
    found.set(view.toString('utf8', at + 3, nameEnd), {
      kind: view[at] === string ? 'string' : 'json',
      value: new Secret(view.subarray(nameEnd + 4, end)),
    })
    at = end
  }
  return { kind: 'fields', fields: found }
}

/** Overwrites all of a content. */
export function wipeContent(content: Content): void {
  if (content.kind === 'value') content.value.wipe()
  else for (const field of content.fields.values()) field.value.wipe()
}

function secretOf(pieces: readonly Uint8Array[]): Secret {
  const all = joined(pieces)
  const secret = new Secret(all)
  all.fill(0)
  return secret
}
