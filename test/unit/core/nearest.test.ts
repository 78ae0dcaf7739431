import fc from 'fast-check'
import { expect, it } from 'vitest'
import { nearest } from '../../../src/core/nearest.ts'

it.each([
  ['pasword', ['user', 'password'], 'password'],
  ['PASSWORD', ['password'], 'password'],
  ['usre', ['user', 'use'], 'user'],
  ['x', ['password'], undefined],
  ['', ['a'], 'a'],
  ['abc', [], undefined],
])('%s among %j', (name, candidates, near) => {
  expect(nearest(name, candidates)).toBe(near)
})

it('is the name itself where it is a candidate', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.stringMatching(/^[a-z]{1,9}$/), { minLength: 1 }), fc.nat(), (names, at) => {
      const name = names[at % names.length]!
      expect(nearest(name, names)).toBe(name)
    }),
  )
})
