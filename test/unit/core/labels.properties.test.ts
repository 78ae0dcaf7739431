import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Failure } from '../../../src/core/failure.ts'
import { parseAsked } from '../../../src/core/labels.ts'
import { printValue } from '../../../src/core/value.ts'
import { fileName, localReference, value } from './arbitraries.ts'
import { refusal } from './refusal.ts'

const defaults = { defaultMode: 0o444 }
const refused = (labels: Record<string, string>): string => refusal(() => parseAsked(labels, defaults))

describe('for all labels', () => {
  const files = fc.dictionary(fileName, value(localReference), { minKeys: 1, maxKeys: 6 })
  const labelsOf = (wished: Record<string, Parameters<typeof printValue>[0]>): [string, string][] =>
    Object.entries(wished).map(([file, one]) => [`dso.secret.${file}`, printValue(one)])

  it('each asks for exactly the file it names, and no two for one', () => {
    fc.assert(
      fc.property(files, (wished) => {
        const { bindings } = parseAsked(Object.fromEntries(labelsOf(wished)), defaults)
        expect(bindings.map(({ file }) => file)).toEqual(Object.keys(wished).sort())
        expect(new Set(bindings.map(({ file }) => file)).size).toBe(bindings.length)
        for (const binding of bindings) expect(printValue(binding.value)).toBe(printValue(wished[binding.file]!))
      }),
    )
  })

  it('their order does not matter, for a wish or for a refusal', () => {
    const label = fc.oneof(
      files.chain((wished) => fc.constantFrom(...labelsOf(wished))),
      fc.constantFrom<[string, string]>(
        ['dso.mode', '256'],
        ['dso.mode', '0400'],
        ['dso.mode.a', '0400'],
        ['dso.uid.b', 'x'],
        ['dso.rotation', 'live'],
        ['dso.rotation', 'rolling'],
        ['dso.nothing', ''],
        ['dso.secret.*', 'dso://local/shop/*'],
      ),
    )
    const answer = (labels: [string, string][]): unknown => {
      try {
        return parseAsked(Object.fromEntries(labels), defaults)
      } catch (error) {
        expect(error).toBeInstanceOf(Failure)
        return (error as Failure).message
      }
    }
    const unique = fc.uniqueArray(label, { selector: ([name]) => name, maxLength: 6 })
    const shuffled = unique.chain((labels) =>
      fc.tuple(
        fc.constant(labels),
        fc.shuffledSubarray(labels, { minLength: labels.length, maxLength: labels.length }),
      ),
    )
    fc.assert(
      fc.property(shuffled, ([one, two]) => {
        expect(answer(two)).toEqual(answer(one))
      }),
    )
  })

  it.each<[string, string]>([
    ['dso.secret.db', `dso://local/${'\u{1f600}'.repeat(200)}/`],
    ['dso.secret.db', `dso://local/${'a b'.repeat(100)} | trim`],
    ['dso.secret.*', `dso://local/${'%20'.repeat(300)}`],
    [`dso.secrt.${'é'.repeat(300)}`, 'x'],
    [`dso.mode.${'a'.repeat(255)}`, '0400'],
    [`dso.mode.${'a'.repeat(255)}`, '9'.repeat(500)],
    ['dso.rotation.check', `http://${'h'.repeat(300)}/`],
    ['dso.rotation.check', `http://h:80/${'h'.repeat(400)}`],
    ['dso.rotation', `signal ${'\u{1f600}'.repeat(500)}`],
    ['dso.rotation.timeout', '1'.repeat(500)],
  ])('however long, %s is refused in one short line', (label, text) => {
    const files = Object.fromEntries(
      Array.from({ length: 9 }, (_, at) => [`dso.secret.${'f'.repeat(240)}${at}`, 'dso://local/f']),
    )
    for (const labels of [{ [label]: text }, label.endsWith('*') ? {} : { ...files, [label]: text }]) {
      if (Object.keys(labels).length === 0) continue
      expect(refused(labels)).toMatch(/^dso: [\x20-\x7e]{1,385} \[[A-Z_]+\]$/)
    }
  })

  it('whatever is written, the answer is a wish or a Failure', () => {
    const name = fc.oneof(
      fc.string().map((rest) => `dso.${rest}`),
      fc
        .tuple(fc.constantFrom('secret', 'mode', 'uid', 'rotation', 'rotation.check', 'rotation.timeout'), fc.string())
        .map(([key, rest]) => `dso.${key}${rest === '' ? '' : `.${rest}`}`),
    )
    fc.assert(
      fc.property(fc.dictionary(name, fc.string({ unit: 'binary' }), { maxKeys: 4 }), (labels) => {
        try {
          parseAsked(labels, defaults)
        } catch (error) {
          expect(error).toBeInstanceOf(Failure)
          expect((error as Failure).message).toMatch(/^dso: [\x20-\x7e]*$/)
          expect((error as Failure).message.length).toBeLessThan(400)
        }
      }),
      { numRuns: 500 },
    )
  })
})
