import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Failure } from '../../../src/core/failure.ts'
import { printReference } from '../../../src/core/reference.ts'
import { insertsOf, parseExpansion, parseValue, printValue } from '../../../src/core/value.ts'
import { awkwardText, value } from './arbitraries.ts'
import { refusal } from './refusal.ts'

const refused = (text: string): string => refusal(() => parseValue(text))

describe('a value', () => {
  it('is a whole secret', () => {
    expect(parseValue('dso://local/shop/db#password')).toMatchObject({ kind: 'insert', insert: { filters: [] } })
  })

  it('is a filtered secret', () => {
    const one = parseValue('dso://local/shop/tls#keystore|unbase64|trim')
    expect(insertsOf(one).map(({ filters }) => filters)).toEqual([['unbase64', 'trim']])
  })

  it('is text with secrets in it', () => {
    const text = parseValue('postgres://app:<dso://local/shop/db#password|url>@db/<dso://local/shop/db#name>')
    expect(text.kind === 'text' && text.parts.filter((part) => typeof part === 'string')).toEqual([
      'postgres://app:',
      '@db/',
    ])
    expect(insertsOf(text).map(({ reference }) => printReference(reference))).toEqual([
      'dso://local/shop/db#password',
      'dso://local/shop/db#name',
    ])
  })

  it('writes <dso:// for <<dso://', () => {
    expect(parseValue('<<dso://x> is <dso://local/x>')).toMatchObject({ parts: ['<dso://x> is ', {}] })
  })
})

describe('what is no value is refused', () => {
  it.each([
    ['hunter2', 'text without a reference'],
    ['', 'text without a reference'],
    ['only <<dso://x>', 'text without a reference'],
    ['postgres://app:dso://local/x@db', 'put the reference between < and >'],
    ['$dso://local/x', 'put the reference between < and >'],
    ['a <dso://local/x', 'is not closed'],
    [' dso://local/x', 'blanks or newlines stand around'],
    ['dso://local/x\n', 'blanks or newlines stand around'],
    ['dso://local/x | trim', 'write dso://local/x|trim'],
    ['dso://local/x|unbase46', 'did you mean unbase64?'],
    ['dso://local/x|', 'no filter without a name'],
    ['dso://local/x|rot13', 'the filters are url, json, base64, unbase64, trim'],
    ['dso://local/x#*', 'only stand behind the label dso.secret.*'],
    ['see <dso://local/x/*>', 'only stand behind the label dso.secret.*'],
    ['see <dso://local/../x>', 'dot segment'],
  ])('%s', (text, why) => {
    expect(refused(text)).toContain(why)
  })

  it('a password in a label is not repeated', () => {
    expect(refused('hunter2-hunter2')).not.toContain('hunter2')
  })
})

describe('the value of dso.secret.*', () => {
  it('names fields or children', () => {
    expect(parseExpansion('dso://local/shop/db#*').wildcard).toBe('fields')
    expect(parseExpansion('dso://local/shop/*').wildcard).toBe('children')
  })

  it.each([
    ['dso://local/shop/db', 'write dso://local/shop/db#*'],
    ['dso://local/shop/db#*|trim', 'take no filter'],
    ['all <dso://local/shop/db#*>', 'text without a reference'],
    ['dso://local/shop/db#*\n', 'blanks or newlines'],
  ])('%s is refused', (text, why) => {
    expect(refusal(() => parseExpansion(text))).toContain(why)
  })
})

describe('for every value', () => {
  it('what is printed is read back as the same', () => {
    fc.assert(
      fc.property(value(), (one) => {
        expect(printValue(parseValue(printValue(one)))).toBe(printValue(one))
        expect(insertsOf(parseValue(printValue(one)))).toEqual(insertsOf(one))
      }),
    )
  })

  it('what is read is printed as the same text, and a refusal is always a Failure', () => {
    const text = fc.oneof(
      awkwardText,
      fc.tuple(awkwardText, value(), awkwardText).map(([a, v, b]) => a + printValue(v) + b),
    )
    fc.assert(
      fc.property(text, (one) => {
        try {
          expect(printValue(parseValue(one))).toBe(one)
        } catch (error) {
          expect(error).toBeInstanceOf(Failure)
        }
      }),
      { numRuns: 500 },
    )
  })
})
