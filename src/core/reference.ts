import { adviceOr } from './advice.ts'
import { Failure } from './failure.ts'
import type { ReadKey, Reference } from './model.ts'
import { decodeName, encodeName, encodeQuery } from './percent.ts'

/** Most bytes of one reference. */
const LONGEST = 1024
/** Most characters of a reference that a message repeats. */
const SHOWN = 200

const EXAMPLE = 'a reference looks like dso://local/shop/db#password'
const RULE =
  'the query stands before the #, sorted; names are percent-encoded once, in upper case, only where they must be'

/**
 * Reads a reference in its one spelling (docs/references.md). Throws Failure BAD_REFERENCE for everything else, with
 * the right spelling as remedy where there is one. Query names other than `version` are not in this version.
 */
export function parseReference(text: string): Reference {
  const reference = readLoosely(text)
  const spelling = printReference(reference)
  if (spelling !== text) throw misspelled(text, spelling)
  refuseParameters(text, reference)
  return reference
}

/** The one spelling of a reference: `parseReference(printReference(r))` equals `r`. */
export function printReference(reference: Reference): string {
  const { field, wildcard } = reference
  const fragment = wildcard === 'fields' ? '*' : field.map(encodeName).join('/')
  return readKey(reference) + (fragment === '' ? '' : `#${fragment}`)
}

/** The reference without its field: references of one read key are one read. A `/*` stays, it is a read of its own kind. */
export function readKey({ source, path, query, wildcard }: Reference): ReadKey {
  const segments = path.split('/').map(encodeName)
  if (wildcard === 'children') segments.push('*')
  const pairs = query.map(([name, value]) => `${encodeQuery(name)}=${encodeQuery(value)}`)
  return `dso://${source}/${segments.join('/')}${pairs.length === 0 ? '' : `?${pairs.join('&')}`}`
}

/** The reference that stands for a whole read; its `readKey` is `key`. Throws Failure BAD_REFERENCE. */
export const referenceOfKey = (key: ReadKey): Reference => parseReference(key)

/** The version that `version=` pins, which never rotates; undefined: the current one. */
export const pinnedVersion = ({ query }: Reference): string | undefined =>
  query.find(([name]) => name === 'version')?.[1]

/** What the text means, however it is spelled. Throws for what means nothing. */
function readLoosely(text: string): Reference {
  if (!text.isWellFormed()) throw bad(text, 'it is not valid Unicode', EXAMPLE)
  if (new TextEncoder().encode(text).length > LONGEST)
    throw bad(text, `it is longer than ${LONGEST} bytes`, 'give the secret a shorter path')
  if (!/^dso:\/\//i.test(text)) throw bad(text, 'it does not begin with dso://', EXAMPLE)
  const { head, query, fragment } = split(text.slice('dso://'.length))
  const slash = head.indexOf('/')
  const source = (slash < 0 ? head : head.slice(0, slash)).toLowerCase()
  const segments =
    slash < 0
      ? []
      : head
          .slice(slash + 1)
          .split('/')
          .filter((segment) => segment !== '')
  refuseSource(text, source, segments.length)
  const children = segments.at(-1) === '*'
  if (children) segments.pop()
  if (segments.length === 0) throw bad(text, 'it names no path', EXAMPLE)
  const reference: Reference = {
    source,
    path: segments.map((segment) => readSegment(text, segment)).join('/'),
    query: query === undefined ? [] : readQuery(text, query),
    field: fragment === '*' ? [] : readField(text, fragment),
    ...(children ? { wildcard: 'children' as const } : fragment === '*' ? { wildcard: 'fields' as const } : {}),
  }
  if (children && (fragment !== '' || query !== undefined))
    throw bad(text, 'a path that ends in /* takes neither a query nor a field', 'leave what follows the * away')
  return reference
}

/** Splits before anything is decoded; a query written behind the field is found there too. */
function split(rest: string): { head: string; query: string | undefined; fragment: string } {
  const hash = rest.indexOf('#')
  const front = hash < 0 ? rest : rest.slice(0, hash)
  const fragment = hash < 0 ? '' : rest.slice(hash + 1)
  const mark = front.indexOf('?')
  if (mark >= 0) return { head: front.slice(0, mark), query: front.slice(mark + 1), fragment }
  const late = /^([^?]*)\?([^?=]+=[^?]*)$/.exec(fragment)
  return late === null
    ? { head: front, query: undefined, fragment }
    : { head: front, query: late[2]!, fragment: late[1]! }
}

function refuseSource(text: string, source: string, segments: number): void {
  if (/^[a-z][a-z0-9-]{0,31}$/.test(source)) return
  const name = source === '' ? 'it names no source' : 'its source is not a name like local'
  throw bad(text, name, segments === 0 ? EXAMPLE : 'write the source first, then the path: dso://local/shop/db')
}

function readSegment(text: string, raw: string): string {
  const segment = decode(text, raw)
  // Compatibility forms (a full-width dot or slash) are folded by file systems and servers further on.
  const folded = segment.normalize('NFKC')
  if (folded.includes('/'))
    throw bad(text, 'a name in its path holds a slash', 'write / only between the names of a path')
  if (folded === '.' || folded === '..')
    throw bad(text, 'its path holds a dot segment', 'write the path from its beginning, without . and ..')
  return segment
}

function readQuery(text: string, query: string): Reference['query'] {
  const pairs = query.split('&').map((pair): [string, string] => {
    const equals = pair.indexOf('=')
    if (equals < 1 || equals === pair.length - 1) throw bad(text, 'its query is not name=value', 'write ?version=3')
    return [decode(text, pair.slice(0, equals)), decode(text, pair.slice(equals + 1))]
  })
  const names = new Set(pairs.map(([name]) => name))
  if (names.size < pairs.length) throw bad(text, 'its query names one thing twice', 'keep one of the two')
  return pairs.sort(([a], [b]) => (a < b ? -1 : 1))
}

const readField = (text: string, fragment: string): string[] =>
  fragment
    .split('/')
    .filter((name) => name !== '')
    .map((name) => decode(text, name))

function decode(text: string, raw: string): string {
  const name = decodeName(raw)
  if (name === undefined) throw bad(text, 'its percent escapes are not UTF-8', 'write the letters themselves')
  return name
}

/** What is well spelled and still not for this version, or not for this source. */
function refuseParameters(text: string, { source, query }: Reference): void {
  for (const [name, value] of query) {
    if (name !== 'version')
      throw bad(text, `the parameter ${shown(name)} is not in this version`, 'only ?version= may stand behind the path')
    if (source === 'local' && !/^[1-9][0-9]{0,14}$/.test(value))
      throw bad(text, 'a version of local is a number', 'see docker dso secret history for the versions there are')
  }
}

function misspelled(text: string, spelling: string): Failure {
  return bad(text, 'a reference has only one spelling', adviceOr(`write ${spelling}`, RULE))
}

const bad = (text: string, why: string, remedy: string): Failure =>
  new Failure('BAD_REFERENCE', `${shown(text)} is refused: ${why}`, remedy)

const shown = (text: string): string => (text.length > SHOWN ? `${text.slice(0, SHOWN)}...` : text)
