import fc from 'fast-check'
import type { Container, Insert, Reference, Value } from '../../../src/core/model.ts'
import { filters } from '../../../src/core/value.ts'

/** Letters that must be encoded, letters that must not, and letters that other software folds. */
const letter = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...'abcXYZ019.-_~:@=+!$\'()[]{},;"&') },
  { weight: 2, arbitrary: fc.constantFrom(...'/?#%<>|* \t\n\u0000\u007f\u00a0\u2028') },
  { weight: 1, arbitrary: fc.constantFrom('é', 'ß', '漢', '😀', 'İ', '\ufeff', '\u0338', '\uff0e', 'Å') },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }) },
)

const name = fc
  .array(letter, { minLength: 1, maxLength: 8 })
  .map((letters) => letters.join('').normalize('NFC'))
  .filter((text) => text.length > 0 && text.isWellFormed())

const isSegment = (text: string): boolean => !/^\.{1,2}$|\//.test(text.normalize('NFKC'))

const source = fc.stringMatching(/^[a-z][a-z0-9-]{0,31}$/).filter((text) => text !== 'local')
const path = fc.array(name.filter(isSegment), { minLength: 1, maxLength: 4 }).map((segments) => segments.join('/'))

const local = fc.record({
  source: fc.constant('local'),
  path,
  query: fc.oneof(
    fc.constant([]),
    fc.integer({ min: 1, max: 10 ** 9 }).map((version): [string, string][] => [['version', String(version)]]),
  ),
})
const foreign = fc.record({
  source,
  path,
  query: fc.oneof(
    fc.constant([]),
    name.map((version): [string, string][] => [['version', version]]),
  ),
})

/** References of one value, in any source. */
export const singleReference: fc.Arbitrary<Reference> = fc
  .tuple(fc.oneof(local, foreign), fc.array(name, { maxLength: 3 }))
  .map(([read, field]) => ({ ...read, field }))
  .filter(fits)

export const reference: fc.Arbitrary<Reference> = fc.oneof(
  { weight: 4, arbitrary: singleReference },
  fc.oneof(local, foreign).map((read) => ({ ...read, field: [], wildcard: 'fields' as const })),
  fc.record({ source, path }).map((read) => ({ ...read, query: [], field: [], wildcard: 'children' as const })),
)

export const localReference: fc.Arbitrary<Reference> = fc
  .tuple(local, fc.array(name, { maxLength: 2 }))
  .map(([read, field]) => ({ ...read, field }))
  .filter(fits)

function fits({ path: text, query, field }: Reference): boolean {
  return new TextEncoder().encode([text, ...field, ...query.flat()].join('')).length * 3 < 900
}

const insert = (from: fc.Arbitrary<Reference>): fc.Arbitrary<Insert> =>
  fc.record({ reference: from, filters: fc.array(fc.constantFrom(...filters), { maxLength: 3 }) })

/** Pieces of text that look like the grammar's own marks. */
export const awkwardText = fc
  .array(fc.constantFrom('<', '<<', '>', 'dso://', '<dso://', '<<dso://', 'a', ' ', '\n', '|', '#', '%', '${', 'é'), {
    minLength: 1,
    maxLength: 5,
  })
  .map((pieces) => pieces.join(''))
export const value = (from: fc.Arbitrary<Reference> = singleReference): fc.Arbitrary<Value> =>
  fc.oneof(
    insert(from).map((one): Value => ({ kind: 'insert', insert: one })),
    fc
      .tuple(
        fc.option(awkwardText),
        fc.array(fc.tuple(insert(from), fc.option(awkwardText)), { minLength: 1, maxLength: 3 }),
      )
      .map(([first, rest]) => [first, ...rest.flat()].filter((part) => part !== null))
      .filter(writable)
      .map((parts): Value => ({ kind: 'text', parts })),
  )

/** What no text can say: a `<` right before an insert, and a value whose text begins as a reference does. */
function writable(parts: readonly (string | Insert)[]): boolean {
  const [first] = parts
  if (typeof first === 'string' && /^\s*dso:\/\//i.test(first)) return false
  return parts.every((part, at) => typeof part !== 'string' || !part.endsWith('<') || at === parts.length - 1)
}

export const fileName = fc.stringMatching(/^[A-Za-z0-9._-]{1,20}$/).filter((file) => !/^\.(\.|$)/.test(file))

/** A container with what tests do not care about filled in. */
export function container(what: Partial<Container> & { volumes?: readonly string[] }): Container {
  const { volumes = ['shop_secrets'], ...rest } = what
  return {
    id: rest.name ?? 'c',
    name: 'c',
    state: 'created',
    labels: {},
    imageId: 'sha256:plain',
    created: 1000,
    mounts: volumes.map((volume) => ({ volume, driver: 'dso', destination: '/run/secrets' })),
    ...rest,
  }
}

/** The labels Compose puts on a container. */
export const compose = (
  project: string,
  service: string,
  more: Record<string, string> = {},
): Record<string, string> => ({
  'com.docker.compose.project': project,
  'com.docker.compose.service': service,
  'com.docker.compose.config-hash': 'f00d',
  ...more,
})
