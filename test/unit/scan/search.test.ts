import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createNeedles, type Needle } from '../../../src/scan/needles.ts'
import { createSearch } from '../../../src/scan/search.ts'
import { Secret } from '../../../src/store/secret.ts'

const needle = (bytes: Uint8Array, reference = 'r'): Needle => ({
  reference,
  form: 'as it is',
  bytes: Uint8Array.from(bytes),
})
const foundIn = (needles: readonly Needle[], hay: Uint8Array, length = hay.length) => {
  const found = new Set<Needle>()
  createSearch(needles).look(hay, length, (one) => found.add(one))
  return found
}

/** Few letters, so that beginnings, middles and ends of needles are often alike. */
const letters = (minLength: number, maxLength: number) =>
  fc.array(fc.constantFrom(97, 98, 99), { minLength, maxLength }).map((bytes) => Uint8Array.from(bytes))

describe('createSearch', () => {
  it('finds exactly what a plain search finds', () => {
    fc.assert(
      fc.property(fc.array(letters(8, 12), { maxLength: 20 }), letters(0, 400), (values, hay) => {
        const needles = values.map((value) => needle(value))
        const found = foundIn(needles, hay)
        for (const one of needles) expect(found.has(one)).toBe(Buffer.from(hay).includes(one.bytes))
      }),
      { numRuns: 300 },
    )
  })

  it('finds random needles at the very beginning, at the very end and nowhere else', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 8, maxLength: 300 }), { minLength: 1, maxLength: 30 }),
        (values) => {
          const needles = values.map((value) => needle(value))
          for (const one of needles) {
            expect(foundIn(needles, Buffer.concat([one.bytes, Buffer.alloc(50)])).has(one)).toBe(true)
            expect(foundIn(needles, Buffer.concat([Buffer.alloc(50), one.bytes])).has(one)).toBe(true)
            expect(foundIn([one], Buffer.concat([Buffer.alloc(50, 1), one.bytes]), 49 + one.bytes.length).size).toBe(0)
          }
        },
      ),
    )
  })

  it('tells both references of one value', () => {
    const needles = [needle(Buffer.from('hunter22'), 'one'), needle(Buffer.from('hunter22'), 'two')]
    expect([...foundIn(needles, Buffer.from('x hunter22 x'))].map(({ reference }) => reference).sort()).toEqual([
      'one',
      'two',
    ])
  })

  it('finds nothing without needles', () => {
    expect(foundIn([], Buffer.from('anything at all')).size).toBe(0)
  })
})

describe('createNeedles', () => {
  const of = (value: string | Uint8Array) =>
    createNeedles([{ reference: 'dso://local/x', value: new Secret(Buffer.from(value)) }])

  it('names values under eight bytes and looks for none of them', async () => {
    const needles = await of('seven77\n')
    expect(needles.tooShort).toEqual(['dso://local/x'])
    expect(needles.all).toEqual([])
    expect(needles.values).toBe(0)
  })

  it('finds a value whose newline was left out', async () => {
    expect(foundIn((await of('hunter22\n')).all, Buffer.from('password=hunter22;')).size).toBe(1)
  })

  it('finds one line of a value of several, but no frame of PEM', async () => {
    const lines = [
      '-----BEGIN PRIVATE KEY-----',
      `MIIE${'a'.repeat(40)}`,
      `bcde${'q'.repeat(40)}`,
      '-----END PRIVATE KEY-----',
    ]
    const { all } = await of(lines.join('\n'))
    expect([...foundIn(all, Buffer.from(`log: ${lines[2]}\n`))].map(({ form }) => form)).toEqual(['one line of it'])
    expect(foundIn(all, Buffer.from(`${lines[0]}\nother\n${lines[3]}`)).size).toBe(0)
  })

  it('keeps memory bounded for a long value and finds its beginning', async () => {
    const value = 'abcdefghij'.repeat(100_000)
    const { all } = await of(value)
    expect(Math.max(...all.map(({ bytes }) => bytes.length))).toBeLessThan(4096)
    expect(foundIn(all, Buffer.from(value.slice(0, 2000))).size).toBeGreaterThan(0)
  })

  it('is overwritten by wipe', async () => {
    const needles = await of('hunter22-and-more')
    needles.wipe()
    for (const { bytes } of needles.all) expect(bytes.every((byte) => byte === 0)).toBe(true)
  })

  it('makes the needles of 10,000 values and searches with them', async () => {
    const values = Array.from({ length: 10_000 }, (_, number) => ({
      reference: `dso://local/${number}`,
      value: new Secret(Buffer.from(`value ${number} of ten thousand / "x"`)),
    }))
    const needles = await createNeedles(values)
    const hay = Buffer.concat([
      Buffer.alloc(1 << 20, 'some text without them, '),
      Buffer.from('value 7777 of ten thousand / "x"'),
    ])
    expect([...foundIn(needles.all, hay)].map(({ reference }) => reference)).toContain('dso://local/7777')
  })
})
