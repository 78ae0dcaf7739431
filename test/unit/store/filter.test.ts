import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Filter } from '../../../src/core/model.ts'
import { applyFilters } from '../../../src/store/filter.ts'
import { Secret } from '../../../src/store/secret.ts'

const filtered = (bytes: Uint8Array | string, ...names: Filter[]): Buffer =>
  applyFilters(new Secret(Buffer.from(bytes as string)), names).reveal((out) => Buffer.from(out))
const anyBytes = fc.uint8Array({ maxLength: 100 })

describe('filters', () => {
  it('url leaves only what needs no escape anywhere', () => {
    expect(filtered("a b/ü~-._'", 'url').toString()).toBe('a%20b%2F%C3%BC~-._%27')
  })

  it('url is undone by decodeURIComponent', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(decodeURIComponent(filtered(text, 'url').toString())).toBe(text)
      }),
    )
  })

  it('json is a JSON string', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(JSON.parse(filtered(text, 'json').toString())).toBe(text)
      }),
    )
  })

  it('base64 is that of Node, and unbase64 undoes it in every common spelling', () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        const plain = Buffer.from(bytes)
        expect(filtered(bytes, 'base64').toString()).toBe(plain.toString('base64'))
        expect(filtered(bytes, 'base64', 'unbase64').equals(plain)).toBe(true)
        expect(filtered(plain.toString('base64url'), 'unbase64').equals(plain)).toBe(true)
        const lines = plain.toString('base64').replace(/(.{16})/g, '$1\n')
        expect(filtered(lines, 'unbase64').equals(plain)).toBe(true)
      }),
    )
  })

  it.each(['A', 'AA=', 'AA===', 'A=A=', 'A!A=', 'AB==', '====', 'é'])('unbase64 refuses %s', (text) => {
    expect(() => filtered(text, 'unbase64')).toThrow('is not base64')
  })

  it('trim takes newlines from the end only', () => {
    expect(filtered('\n a \r\n\n', 'trim').toString()).toBe('\n a ')
    expect(filtered('\n', 'trim').length).toBe(0)
  })

  it('json refuses what is not UTF-8, without showing it', () => {
    expect(() => filtered(Buffer.from([0xff]), 'json')).toThrow('is not UTF-8')
  })

  it('wipes what it was given', () => {
    const secret = new Secret(Buffer.from('abc'))
    applyFilters(secret, ['base64'])
    expect(secret.reveal((bytes) => [...bytes])).toEqual([0, 0, 0])
  })
})
