import { adviceOr } from './advice.ts'
import { Failure } from './failure.ts'
import type { Filter, Insert, Reference, Value } from './model.ts'
import { nearestOr } from './nearest.ts'
import { parseReference, printReference } from './reference.ts'

export const filters = ['url', 'json', 'base64', 'unbase64', 'trim'] as const satisfies readonly Filter[]

const OPEN = '<dso://'
const ESCAPED = '<<dso://'

/**
 * Reads what stands behind a `dso.secret.` label: a reference, a reference with filters, or text with `<references>`.
 * Throws Failure BAD_REFERENCE, or BAD_LABEL for what is none of the three; the text itself is then not repeated,
 * since it may be a password. `#*` and `/*` are refused here: they name many files, not one value.
 */
export function parseValue(text: string): Value {
  if (/^\s*dso:\/\//i.test(text)) return { kind: 'insert', insert: parseWhole(text) }
  if (!text.includes(OPEN)) throw plainText(text)
  const parts = parseText(text)
  if (parts.every((part) => typeof part === 'string')) throw plainText(text)
  return { kind: 'text', parts }
}

/** Reads the value of `dso.secret.*`. Throws Failure BAD_REFERENCE or BAD_LABEL for anything but `#*` and `/*`. */
export function parseExpansion(text: string): Reference {
  if (!/^\s*dso:\/\//i.test(text)) throw plainText(text)
  refuseBlanks(text)
  if (text.includes('|'))
    throw new Failure('BAD_LABEL', 'many files at once take no filter', 'ask for that file by a label of its own')
  const reference = parseReference(text)
  if (reference.wildcard === undefined)
    throw new Failure(
      'BAD_LABEL',
      `${text} names one value, not many`,
      adviceOr(
        `write ${printReference({ ...reference, field: [], wildcard: 'fields' })} for each field a file`,
        'end it in #* for each field a file',
      ),
    )
  return reference
}

/** The one text of a value: `parseValue(printValue(v))` equals `v`. */
export function printValue(value: Value): string {
  if (value.kind === 'insert') return printInsert(value.insert)
  return value.parts
    .map((part) => (typeof part === 'string' ? part.replaceAll(OPEN, ESCAPED) : `<${printInsert(part)}>`))
    .join('')
}

/** Every reference of a value with its filters, in the order they stand. */
export function insertsOf(value: Value): readonly Insert[] {
  return value.kind === 'insert' ? [value.insert] : value.parts.filter((part) => typeof part !== 'string')
}

const printInsert = ({ reference, filters: names }: Insert): string => [printReference(reference), ...names].join('|')

function parseWhole(text: string): Insert {
  refuseBlanks(text)
  return parseInsert(text)
}

function refuseBlanks(text: string): void {
  if (text.trim() === text) return
  throw new Failure(
    'BAD_LABEL',
    'blanks or newlines stand around the reference',
    'write the reference alone, on one line',
  )
}

function parseText(text: string): (string | Insert)[] {
  const parts: (string | Insert)[] = []
  let literal = ''
  let at = 0
  while (at < text.length) {
    if (text.startsWith(ESCAPED, at)) {
      literal += OPEN
      at += ESCAPED.length
    } else if (text.startsWith(OPEN, at)) {
      const end = text.indexOf('>', at)
      if (end < 0)
        throw new Failure(
          'BAD_LABEL',
          'a <dso:// is not closed',
          'close it by >, or write <<dso:// for the text <dso:// itself',
        )
      if (literal !== '') parts.push(literal)
      literal = ''
      parts.push(parseInsert(text.slice(at + 1, end)))
      at = end + 1
    } else {
      literal += text[at]
      at += 1
    }
  }
  return literal === '' ? parts : [...parts, literal]
}

function parseInsert(text: string): Insert {
  const [head = '', ...names] = text.split('|')
  const tidy = [head, ...names].map((part) => part.trim()).join('|')
  if (names.length > 0 && tidy !== text)
    throw new Failure('BAD_LABEL', 'blanks stand around a |', adviceOr(`write ${tidy}`, 'leave them away'))
  const reference = parseReference(head)
  if (reference.wildcard !== undefined)
    throw new Failure('BAD_LABEL', `${head} names many values`, 'it may only stand behind the label dso.secret.*')
  return { reference, filters: names.map(parseFilter) }
}

function parseFilter(name: string): Filter {
  const known = filters.find((filter) => filter === name)
  if (known !== undefined) return known
  throw new Failure(
    'BAD_LABEL',
    `there is no filter ${name === '' ? 'without a name' : name}`,
    nearestOr(name, filters, `the filters are ${filters.join(', ')}`),
  )
}

function plainText(text: string): Failure {
  const remedy = text.includes('dso://')
    ? 'put the reference between < and >: <dso://local/shop/db#password>'
    : 'keep the value out of the label: docker dso secret set PATH, then write dso://local/PATH'
  return new Failure('BAD_LABEL', 'it is text without a reference, and Docker shows labels to everybody', remedy)
}
