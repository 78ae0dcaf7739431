import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formsOf } from '../../../src/scan/forms.ts'

const anyValue = fc.uint8Array({ minLength: 8, maxLength: 60 })
const anyText = fc
  .string({ minLength: 8, maxLength: 40, unit: 'binary' })
  .filter((text) => Buffer.byteLength(text) >= 8)
const holds = (hay: string | Buffer, value: Uint8Array) =>
  formsOf(value).some(({ bytes }) => Buffer.from(hay).includes(bytes))

/** Go's json.Marshal, as dockerd writes its files and logs. */
const goJson = (text: string) =>
  JSON.stringify(text).replace(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** Python's json.dumps. */
const asciiJson = (text: string) =>
  JSON.stringify(text).replace(/[^\x00-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)

describe('formsOf', () => {
  it('finds a value in base64 whatever stands around it', () => {
    fc.assert(
      fc.property(
        anyValue,
        fc.uint8Array({ maxLength: 5 }),
        fc.uint8Array({ maxLength: 5 }),
        (value, before, after) => {
          const bytes = Buffer.concat([before, value, after])
          expect(holds(bytes.toString('base64'), value)).toBe(true)
          expect(holds(bytes.toString('base64url'), value)).toBe(true)
        },
      ),
    )
  })

  it('finds a value in hex of either case and percent-encoded by anyone', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const value = Buffer.from(text)
        expect(holds(value.toString('hex'), value)).toBe(true)
        expect(holds(value.toString('hex').toUpperCase(), value)).toBe(true)
        expect(holds(encodeURIComponent(value.toString()), value)).toBe(true)
        expect(
          holds(
            encodeURIComponent(value.toString()).replace(/%../g, (code) => code.toLowerCase()),
            value,
          ),
        ).toBe(true)
      }),
    )
  })

  it('finds text in JSON of JavaScript, Go and Python', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const value = Buffer.from(text)
        for (const json of [JSON.stringify(text), goJson(text), asciiJson(text)])
          expect(holds(json, value), json).toBe(true)
      }),
    )
  })

  it.each([
    ['p@ss w&rd/<>"', 'p%40ss+w%26rd%2F%3C%3E%22'],
    ["it's (it)!*~", 'it%27s%20%28it%29%21%2A~'],
    ['a/b\\c"d/e', 'a\\/b\\\\c\\"d\\/e'],
    ['tab\there\u0001x', 'tab\\there\\u0001x'],
    ['pair \u{1f511} key', 'pair \\ud83d\\udd11 key'],
  ])('knows %j as %j', (text, written) => {
    expect(holds(`x=${written};`, Buffer.from(text))).toBe(true)
  })

  it('has no form shorter than eight bytes and none twice', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const forms = formsOf(value)
        expect(Math.min(...forms.map(({ bytes }) => bytes.length))).toBeGreaterThanOrEqual(8)
        expect(new Set(forms.map(({ bytes }) => Buffer.from(bytes).toString('hex'))).size).toBe(forms.length)
      }),
    )
  })

  it('has no JSON form for bytes that are no text', () => {
    expect(formsOf(Uint8Array.from([0xff, 0xfe, 0x80, 0xc0, 0xc1, 0xf5, 1, 2])).map(({ name }) => name)).not.toContain(
      'JSON-escaped',
    )
  })
})
