import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { FieldContent } from '../../../src/store/content.ts'
import { contentOf, NotJson, splitObject, stepsInto } from '../../../src/store/json.ts'
import { printObject } from '../../../src/store/json-text.ts'
import { Secret } from '../../../src/store/secret.ts'

const split = (text: string | Uint8Array) => splitObject(typeof text === 'string' ? Buffer.from(text) : text)
const textOf = ({ value }: FieldContent): string => value.reveal((bytes) => Buffer.from(bytes).toString())
const shown = (text: string) =>
  Object.fromEntries([...split(text)].map(([name, field]) => [name, `${field.kind} ${textOf(field)}`]))

describe('one JSON object over bytes', { timeout: 30_000 }, () => {
  it('gives strings decoded and everything else as it stands', () => {
    expect(shown('{"a":"x\\n\\u00e9\\ud83d\\ude00\\/","n": 1.50e+03 ,"o":{"k" : [1, true]},"z":null}')).toEqual({
      a: 'string x\né😀/',
      n: 'json 1.50e+03',
      o: 'json {"k" : [1, true]}',
      z: 'json null',
    })
  })

  it('keeps a number that no double holds', () => {
    const digits = '123456789012345678901234567890.000'
    expect(shown(`{"n":${digits}}`)).toEqual({ n: `json ${digits}` })
  })

  it.each([
    ['', 'not an object'],
    ['[]', 'not an object'],
    ['{', 'a name is missing'],
    ['{"a":1,"a":2}', 'a name stands twice'],
    ['{"a":1,"\\u0061":2}', 'a name stands twice'],
    ['{"a":{"b":1,"b":2}}', 'a name stands twice'],
    ['{"a":1} x', 'more after its end'],
    ['{"a":01}', 'neither a string'],
    ['{"a":+1}', 'neither a string'],
    ['{"a":.5}', 'neither a string'],
    ['{"a":1.}', 'neither a string'],
    ['{"a":nul}', 'neither a string'],
    ['{"a":1,}', 'a name is missing'],
    ['{"a":"\n"}', 'a control character'],
    ['{"a":"\\x"}', 'an escape is wrong'],
    ['{"a":"\\ud800"}', 'half a surrogate pair'],
    ['{"a":"\\udc00"}', 'half a surrogate pair'],
    ['{"a":"', 'a string has no end'],
    [`{"a":${'['.repeat(70)}${']'.repeat(70)}}`, 'nested deeper than 64'],
  ])('refuses %s', (text, why) => {
    expect(() => split(text)).toThrow(NotJson)
    expect(() => split(text)).toThrow(why)
  })

  it('refuses bytes that are not UTF-8', () => {
    expect(() => split(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))).toThrow('not UTF-8')
  })

  it('agrees with JSON.parse on every object', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 5 }),
        (object) => {
          const fields = split(JSON.stringify(object, null, 1))
          expect([...fields.keys()].sort()).toEqual(Object.keys(object).sort())
          for (const [name, field] of fields) {
            const value = field.kind === 'string' ? textOf(field) : JSON.parse(textOf(field))
            expect(value).toEqual(JSON.parse(JSON.stringify(object[name])))
          }
        },
      ),
    )
  })

  it('agrees with JSON.parse on what is JSON at all', () => {
    const noise = fc.string({ unit: fc.constantFrom(...'{}[]",:0123456789.eE+-\\u truefalsn'), maxLength: 12 })
    fc.assert(
      fc.property(noise, (text) => {
        const json = `{"a":${text}}`
        let parsed: unknown
        try {
          parsed = JSON.parse(json)
        } catch {
          parsed = undefined
        }
        if (parsed === undefined) expect(() => split(json)).toThrow(NotJson)
        else if (Object.keys(parsed as object).length === 1 && !/"a".*"a"/.test(json)) split(json)
      }),
      { numRuns: 2000 },
    )
  })

  it('prints what it split, with names sorted by code point', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 5 }),
        (object) => {
          const printed = printObject(split(JSON.stringify(object)))
          expect(printed).toBeInstanceOf(Secret)
          const text = (printed as Secret).reveal((bytes) => Buffer.from(bytes).toString())
          expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(object)))
          const names = [...split(text).keys()]
          expect(names).toEqual([...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))))
        },
      ),
    )
  })

  it('steps into objects and arrays, and into nothing else', () => {
    const steps = stepsInto(Buffer.from('[1,"b",{"c":2}]'))
    expect(steps?.kind).toBe('indexes')
    expect(textOf(contentOf(Buffer.from('[1,"b",{"c":2}]'), steps!.spans.get('1')!))).toBe('b')
    expect(stepsInto(Buffer.from('12'))).toBeUndefined()
  })
})
