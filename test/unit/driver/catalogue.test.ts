import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Fact } from '../../../src/core/event.ts'
import { createCatalogue } from '../../../src/docker/catalogue.ts'
import { createImageLabels } from '../../../src/docker/image-labels.ts'
import { createRefusals, type Refusal } from '../../../src/reconcile/refusals.ts'
import { scratch } from './scratch.ts'

const settled = () => new Promise((resolve) => setTimeout(resolve, 50))

test('the catalogue survives a restart', async () => {
  const file = `${scratch()}/volumes.json`
  const before = createCatalogue({ file })
  await before.create('a', { 'dso.mode': '0400' })
  await Promise.all([before.create('b', {}), before.create('c', {}), before.remove('b')])
  before.learn('c', { 'com.docker.compose.project': 'shop', other: 'x' })
  await settled()
  const after = createCatalogue({ file })
  expect(after.all()).toEqual(before.all())
  expect(after.get('a')?.options).toEqual({ 'dso.mode': '0400' })
  expect(after.get('c')?.project).toBe('shop')
})

test('what is learned of a volume fills in options that are not known', () => {
  const catalogue = createCatalogue({ file: `${scratch()}/volumes.json` })
  catalogue.learn('v', {}, { 'dso.mode': '0400' })
  catalogue.learn('v', {}, { 'dso.mode': '0444' })
  expect(catalogue.get('v')).toMatchObject({ options: { 'dso.mode': '0400' } })
})

test('a damaged file is told, kept aside, and names that records claim are adopted', async () => {
  const file = `${scratch()}/volumes.json`
  writeFileSync(file, '{"format":1,"volu')
  const told: Fact[] = []
  const catalogue = createCatalogue({ file, claimed: async (name) => name === 'mine', emit: (fact) => told.push(fact) })
  expect(told).toMatchObject([{ kind: 'problem' }])
  expect(existsSync(`${file}.corrupt`)).toBe(true)
  expect(await catalogue.adopt('other')).toBeUndefined()
  expect(await catalogue.adopt('mine')).toMatchObject({ name: 'mine', options: {} })
  expect(catalogue.all()).toHaveLength(1)
})

test('a disk that refuses costs one told problem, and memory goes on', async () => {
  const told: Fact[] = []
  const inTheWay = `${scratch()}/state`
  writeFileSync(inTheWay, '')
  const catalogue = createCatalogue({ file: `${inTheWay}/volumes.json`, emit: (fact) => told.push(fact) })
  await catalogue.create('a', {})
  await catalogue.create('b', {})
  expect(catalogue.all().map(({ name }) => name)).toEqual(['a', 'b'])
  expect(told.filter((fact) => fact.kind === 'problem' && /cannot be written/.test(fact.message))).toHaveLength(1)
})

test('labels of an image are asked once, kept without others, and remembered', async () => {
  const file = `${scratch()}/images.json`
  let asked = 0
  const engine = {
    image: async (id: string) => {
      asked += 1
      return { id, labels: { 'dso.secret.x': 'dso://local/x', maintainer: 'm', 'com.docker.compose.project': 'p' } }
    },
  }
  const images = createImageLabels({ file })
  const signal = AbortSignal.timeout(1000)
  expect(images.get('sha256:1')).toBeUndefined()
  const [a, b] = await Promise.all([images.learn('sha256:1', engine, signal), images.learn('sha256:1', engine, signal)])
  expect(a).toEqual({ 'dso.secret.x': 'dso://local/x', 'com.docker.compose.project': 'p' })
  expect(b).toEqual(a)
  await settled()
  expect(createImageLabels({ file }).get('sha256:1')).toEqual(a)
  expect(asked).toBe(1)
  expect(readFileSync(file, 'utf8')).not.toContain('maintainer')
})

test('a refusal is replaced by the next, cleared by a start, and remembered', async () => {
  const file = `${scratch()}/refusals.json`
  const refusals = createRefusals({ file })
  const refusal = (containers: string[], message: string): Refusal => ({
    containers,
    names: containers.map((id) => `name-${id}`),
    workload: 'shop/api',
    volume: 'v',
    code: 'LOCAL_LOCKED',
    message,
    at: '2026-01-01T00:00:00Z',
  })
  refusals.set(refusal(['a', 'b'], 'first'))
  refusals.set(refusal(['b'], 'second'))
  refusals.set(refusal([], 'nobody'))
  expect(refusals.all().map(({ containers, message }) => [containers, message])).toEqual([
    [['a'], 'first'],
    [['b'], 'second'],
  ])
  refusals.clear(['a'])
  await settled()
  expect(createRefusals({ file }).all()).toMatchObject([{ containers: ['b'], names: ['name-b'] }])
})
