import { describe, expect, it } from 'vitest'
import { Failure } from '../../../src/core/failure.ts'
import { parseReference } from '../../../src/core/reference.ts'
import type { Content, FieldContent } from '../../../src/store/content.ts'
import { packContent, unpackContent } from '../../../src/store/content-bytes.ts'
import { extract } from '../../../src/store/extract.ts'
import { splitObject } from '../../../src/store/json.ts'
import { Secret } from '../../../src/store/secret.ts'

const canary = 'canary-c0ffee'
const fields = (json: object): Content => ({ kind: 'fields', fields: splitObject(Buffer.from(JSON.stringify(json))) })
const one = (text: string): Content => ({ kind: 'value', value: new Secret(Buffer.from(text)) })
const got = (content: Content, reference: string, max = 1000): string =>
  extract(content, parseReference(reference), max).reveal((bytes) => Buffer.from(bytes).toString())
const db = fields({ user: 'app', password: canary, port: 5432, off: null, tls: { key: 'k', chain: ['a', { b: 2 }] } })

describe('what a reference means of a content', () => {
  it.each([
    ['dso://local/shop/db#password', canary],
    ['dso://local/shop/db#port', '5432'],
    ['dso://local/shop/db#tls/key', 'k'],
    ['dso://local/shop/db#tls/chain/0', 'a'],
    ['dso://local/shop/db#tls/chain/1', '{"b":2}'],
  ])('%s', (reference, value) => expect(got(db, reference)).toBe(value))

  it('is the whole as an object with sorted keys and no newline', () => {
    expect(got(fields({ b: 'x', a: 1 }), 'dso://local/shop/db')).toBe('{"a":1,"b":"x"}')
    expect(got(one('exactly\n'), 'dso://local/shop/db')).toBe('exactly\n')
  })

  it.each([
    [
      'dso://local/shop/db#pasword',
      'shop/db has no field pasword (it has: off, password, port, tls, user): correct the label',
    ],
    ['dso://local/shop/db#off', 'shop/db#off is null'],
    ['dso://local/shop/db#tls/kye', 'shop/db#tls has no field kye (it has: chain, key)'],
    ['dso://local/shop/db#tls/chain/2', 'shop/db#tls/chain has no item 2 (it has 2, counted from 0)'],
    ['dso://local/shop/db#user/x', 'shop/db#user has no fields below it: write #user'],
  ])('says of %s what is wrong', (reference, sentence) => {
    expect(() => got(db, reference)).toThrow(sentence)
    expect(() => got(db, reference)).toThrow('[FIELD_NOT_FOUND]')
  })

  it('names the nearest of many', () => {
    const many = fields(Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`field_${index}`, 'x'])))
    expect(() => got(many, 'dso://local/a#feld_7')).toThrow('it has 30, the nearest is field_7')
  })

  it('refuses a field of one value', () => {
    expect(() => got(one(canary), 'dso://local/a#b')).toThrow('a is one value and has no fields: leave #b away')
  })

  it('names a field that is not UTF-8 where the whole is asked for, and gives the field itself', () => {
    const raw = new Map<string, FieldContent>([['bin', { kind: 'string', value: new Secret(Buffer.from([0xff, 0])) }]])
    const content: Content = { kind: 'fields', fields: raw }
    expect(() => got(content, 'dso://local/a')).toThrow('field bin of a is not UTF-8')
    expect(() => got(content, 'dso://local/a')).toThrow('[SOURCE_MALFORMED]')
    expect(extract(content, parseReference('dso://local/a#bin'), 10).length).toBe(2)
  })

  it('refuses what is too large', () => {
    expect(() => got(db, 'dso://local/shop/db#password', 5)).toThrow('shop/db#password is larger than 5 bytes')
  })

  it('shows no value in any refusal', () => {
    for (const reference of ['#x', '#password/x', '#password/0/1', '', '#tls/x', '#off'])
      try {
        got(db, `dso://local/shop/db${reference}`, 3)
        expect.unreachable()
      } catch (error) {
        expect(error).toBeInstanceOf(Failure)
        expect(JSON.stringify([error, (error as Error).stack])).not.toContain('c0ffee')
      }
  })
})

describe('a content as bytes', () => {
  it('comes back as it was', () => {
    for (const content of [db, one(canary), one(''), fields({})])
      expect(packContent(packedTwice(content)).reveal((bytes) => [...bytes])).toEqual(
        packContent(content).reveal((bytes) => [...bytes]),
      )
  })

  it('refuses what is cut short', () => {
    const packed = packContent(db).reveal((bytes) => Buffer.from(bytes))
    expect(() => unpackContent(packed.subarray(0, packed.length - 1))).toThrow(RangeError)
    expect(() => unpackContent(Buffer.from('?'))).toThrow(RangeError)
  })
})

const packedTwice = (content: Content): Content => packContent(content).reveal(unpackContent)
