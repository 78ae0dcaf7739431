import fc from 'fast-check'
import { expect, it } from 'vitest'
import { fingerprint, makeGeneration } from '../../../src/core/generation.ts'
import { parseAsked } from '../../../src/core/labels.ts'
import type { Binding, Generation, ObservedMount } from '../../../src/core/model.ts'
import { servingPins } from '../../../src/core/serving.ts'

const bindings = (labels: Record<string, string>): readonly Binding[] =>
  parseAsked(labels, { defaultMode: 0o444 }).bindings
const two = bindings({ 'dso.secret.a': 'dso://local/a', 'dso.secret.b': 'dso://local/b' })
const reads = { 'dso://local/a': { version: '1', mark: 'm1' }, 'dso://local/b': { version: '7', mark: 'm2' } }

it('a fingerprint does not know the order of bindings or reads', () => {
  const order = fc.shuffledSubarray(Object.entries(reads), { minLength: 2 })
  fc.assert(
    fc.property(order, fc.shuffledSubarray([...two], { minLength: 2 }), (entries, shuffled) => {
      expect(makeGeneration(shuffled, Object.fromEntries(entries))).toEqual(makeGeneration(two, reads))
    }),
  )
})

it('a fingerprint changes with every mark, mode, owner, file and reference', () => {
  const [first, second] = two as [Binding, Binding]
  const others: Pick<Generation, 'bindings' | 'reads'>[] = [
    { bindings: two, reads },
    { bindings: two, reads: { ...reads, 'dso://local/a': { version: '1', mark: 'm3' } } },
    { bindings: two, reads: { 'dso://local/a': reads['dso://local/a'] } },
    { bindings: [first], reads },
    { bindings: [first, { ...second, mode: 0o400 }], reads },
    { bindings: [first, { ...second, uid: 1 }], reads },
    { bindings: [first, { ...second, gid: 1 }], reads },
    { bindings: [first, { ...second, file: 'c' }], reads },
    { bindings: bindings({ 'dso.secret.a': 'dso://local/a', 'dso.secret.b': 'dso://local/b|trim' }), reads },
    { bindings: bindings({ 'dso.secret.a': 'dso://local/a', 'dso.secret.b': '<dso://local/b>' }), reads },
  ]
  expect(new Set(others.map(fingerprint)).size).toBe(others.length)
})

it('a new version of the same content is the same generation', () => {
  expect(fingerprint({ bindings: two, reads: { ...reads, 'dso://local/a': { version: '2', mark: 'm1' } } })).toBe(
    fingerprint({ bindings: two, reads }),
  )
})

const mount = (proved: Generation, generation: Generation, workload = 'shop/api'): ObservedMount => ({
  slot: 's1',
  mountId: 'm',
  volume: 'v',
  workload,
  authorised: [],
  holders: [],
  generation,
  proved,
  answeredAt: 0,
  uses: 1,
  everHeld: true,
})

it('while a rollout is open its workload is served the proved versions, and nobody else', () => {
  const old = makeGeneration(two, reads)
  const changed = makeGeneration(two, { ...reads, 'dso://local/a': { version: '2', mark: 'm9' } })
  expect(servingPins('shop/api', [mount(old, changed)])).toEqual({ 'dso://local/a': '1', 'dso://local/b': '7' })
  expect(servingPins('shop/web', [mount(old, changed)])).toEqual({})
  expect(servingPins('shop/api', [mount(changed, changed)])).toEqual({})
})
