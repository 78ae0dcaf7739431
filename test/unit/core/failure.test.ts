import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Code, Failure, failures } from '../../../src/core/failure.ts'

const codes = Object.keys(failures) as Code[]
const text = fc.string({ unit: 'grapheme', maxLength: 1200 })

test('every message is one line of ASCII under 400 bytes, says who and ends with its code', () => {
  fc.assert(
    fc.property(fc.constantFrom(...codes), text, text, (code, what, remedy) => {
      const { message } = new Failure(code, what, remedy).at('shop/api')
      expect(message).toMatch(/^[\x20-\x7e]{1,399}$/)
      expect(message.startsWith('dso: shop/api: ')).toBe(true)
      expect(message.endsWith(` [${code}]`)).toBe(true)
    }),
  )
})

test('what is short stands whole', () => {
  expect(new Failure('LOCAL_LOCKED', 'the vault is locked', 'docker dso unlock', 'shop/api').message).toBe(
    'dso: shop/api: the vault is locked: docker dso unlock [LOCAL_LOCKED]',
  )
})

test('of what is long the remedy is kept as far as there is room', () => {
  const { message } = new Failure('BAD_LABEL', 'w'.repeat(500), 'do this')
  expect(message).toMatch(/^dso: w+\.\.\.: do this \[BAD_LABEL\]$/)
  expect(new Failure('BAD_REFERENCE', 'short', 'r'.repeat(1000)).message).toMatch(/^dso: short: r{350,}\.\.\. \[/)
})
