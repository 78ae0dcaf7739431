import { Failure, isFailure } from '../core/failure.ts'
import type { Insert, ReadKey, Reference, Value } from '../core/model.ts'
import { printReference, readKey } from '../core/reference.ts'
import type { Content } from './content.ts'
import { extract } from './extract.ts'
import { applyFilters } from './filter.ts'
import { joined } from './json-text.ts'
import { Secret } from './secret.ts'

export interface Contents {
  get(read: ReadKey): { readonly content: Content } | undefined
}

/**
 * The bytes of one value. Every read that it needs must be in `contents`. Throws Failure FIELD_NOT_FOUND,
 * SOURCE_MALFORMED, VALUE_TOO_LARGE, and BAD_LABEL for a value with NUL, CR or LF that goes into text unfiltered; what
 * they say begins with a verb, its subject is the file.
 */
export function render(value: Value, contents: Contents, maxBytes: number): Secret {
  if (value.kind === 'insert') return bounded(inserted(value.insert, contents, maxBytes), maxBytes)
  const pieces: Secret[] = []
  try {
    for (const part of value.parts)
      pieces.push(typeof part === 'string' ? new Secret(Buffer.from(part)) : intoText(part, contents, maxBytes))
    if (pieces.reduce((sum, piece) => sum + piece.length, 0) > maxBytes) throw tooLarge(maxBytes)
    const all = joined(pieces.map((piece) => piece.reveal((bytes) => bytes)))
    const secret = new Secret(all)
    all.fill(0)
    return secret
  } finally {
    for (const piece of pieces) piece.wipe()
  }
}

function inserted({ reference, filters }: Insert, contents: Contents, maxBytes: number): Secret {
  const found = contents.get(readKey(reference))
  if (found === undefined) throw new Error(`${readKey(reference)} was not read`)
  try {
    return applyFilters(extract(found.content, reference, maxBytes), filters)
  } catch (error) {
    throw isFailure(error) ? needing(reference, error) : error
  }
}

/** The failure as that of one reference. */
export const needing = (reference: Reference, { code, what, remedy, where }: Failure): Failure =>
  new Failure(code, `needs ${printReference(reference)}: ${what}`, remedy, where)

function intoText(insert: Insert, contents: Contents, maxBytes: number): Secret {
  const secret = inserted(insert, contents, maxBytes)
  if (insert.filters.length > 0 || !secret.reveal(breaksText)) return secret
  secret.wipe()
  const what = 'its value holds a line break or NUL, which text does not take as it is'
  throw needing(insert.reference, new Failure('BAD_LABEL', what, 'add a filter: |trim, |url, |json or |base64'))
}

const breaksText = (bytes: Uint8Array): boolean => bytes.includes(0x00) || bytes.includes(0x0a) || bytes.includes(0x0d)

function bounded(secret: Secret, maxBytes: number): Secret {
  if (secret.length <= maxBytes) return secret
  secret.wipe()
  throw tooLarge(maxBytes)
}

const tooLarge = (maxBytes: number): Failure =>
  new Failure('VALUE_TOO_LARGE', `is larger than ${maxBytes} bytes`, 'raise delivery.max_value in dso.yaml')
