import { Failure } from '../core/failure.ts'
import type { Reference } from '../core/model.ts'
import { nearest } from '../core/nearest.ts'
import type { Content, FieldContent } from './content.ts'
import { contentOf, stepsInto } from './json.ts'
import { printObject, sortedNames } from './json-text.ts'
import { Secret } from './secret.ts'

/** More names than this are counted, not listed. */
const LISTED = 8

/**
 * The bytes that a reference means of a content: a copy of its own. Without a field, one value is itself and fields are
 * one JSON object. Throws Failure FIELD_NOT_FOUND for a field that is missing or null, SOURCE_MALFORMED for a whole
 * secret with a field that is not UTF-8, VALUE_TOO_LARGE over `maxBytes`.
 */
export function extract(content: Content, reference: Reference, maxBytes: number): Secret {
  const secret = reference.field.length === 0 ? whole(content, reference) : fieldOf(content, reference).value
  if (secret.length <= maxBytes) return secret
  secret.wipe()
  throw new Failure(
    'VALUE_TOO_LARGE',
    `${named(reference)} is larger than ${maxBytes} bytes`,
    'raise delivery.max_value in dso.yaml',
  )
}

function whole(content: Content, reference: Reference): Secret {
  if (content.kind === 'value') return copy(content.value)
  const printed = printObject(content.fields)
  if (printed instanceof Secret) return printed
  throw new Failure(
    'SOURCE_MALFORMED',
    `field ${printed.notText} of ${reference.path} is not UTF-8, so the whole secret is no JSON object`,
    `ask for the field itself, #${printed.notText}`,
  )
}

function fieldOf(content: Content, reference: Reference): FieldContent {
  const [first = '', ...rest] = reference.field
  if (content.kind === 'value')
    throw missing(`${reference.path} is one value and has no fields`, `leave #${reference.field.join('/')} away`)
  let found = content.fields.get(first)
  if (found === undefined) throw noSuchStep(reference, 0, sortedNames(content.fields))
  found = { kind: found.kind, value: copy(found.value) }
  for (const [index, name] of rest.entries()) found = step(found, name, reference, index + 1)
  if (found.kind === 'json' && isNull(found.value)) {
    found.value.wipe()
    throw missing(`${named(reference)} is null`, 'set the field, or correct the label')
  }
  return found
}

/** One step into nested JSON. Wipes what it leaves. */
function step(from: FieldContent, name: string, reference: Reference, depth: number): FieldContent {
  try {
    return from.value.reveal((bytes) => {
      const steps = from.kind === 'json' ? stepsInto(bytes) : undefined
      if (steps === undefined)
        throw missing(
          `${reached(reference, depth)} has no fields below it`,
          `write #${reference.field.slice(0, depth).join('/')}`,
        )
      const span = steps.spans.get(name)
      if (span === undefined && steps.kind === 'indexes')
        throw missing(
          `${reached(reference, depth)} has no item ${name} (it has ${steps.spans.size}, counted from 0)`,
          'correct the label',
        )
      if (span === undefined) throw noSuchStep(reference, depth, [...steps.spans.keys()].sort())
      return contentOf(bytes, span)
    })
  } finally {
    from.value.wipe()
  }
}

function noSuchStep(reference: Reference, depth: number, names: readonly string[]): Failure {
  const wanted = reference.field[depth] ?? ''
  const near = nearest(wanted, names)
  const few = names.length === 0 ? 'it has none' : `it has: ${names.join(', ')}`
  const has =
    names.length <= LISTED ? few : `it has ${names.length}${near === undefined ? '' : `, the nearest is ${near}`}`
  return missing(`${reached(reference, depth)} has no field ${wanted} (${has})`, 'correct the label')
}

const missing = (what: string, remedy: string): Failure => new Failure('FIELD_NOT_FOUND', what, remedy)

/** How far the way into the secret went: `shop/db`, `shop/db#tls`. */
const reached = ({ path, field }: Reference, depth: number): string =>
  depth === 0 ? path : `${path}#${field.slice(0, depth).join('/')}`

const named = (reference: Reference): string => reached(reference, reference.field.length)

const copy = (secret: Secret): Secret => secret.reveal((bytes) => new Secret(bytes))

const isNull = (secret: Secret): boolean => secret.reveal((bytes) => Buffer.from('null').equals(bytes))
