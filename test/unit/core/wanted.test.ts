import { expect, it } from 'vitest'
import { Failure } from '../../../src/core/failure.ts'
import type { Container, Volume } from '../../../src/core/model.ts'
import { type Wanted, wantedOf } from '../../../src/core/wanted.ts'
import { compose, container } from './arbitraries.ts'

const ask = (
  containers: readonly Container[],
  volumes: readonly Volume[] = [],
): ReadonlyMap<string, Wanted | Failure> =>
  wantedOf({
    workload: 'shop/api',
    containers,
    volumes,
    imageLabels: (id) => (id === 'sha256:gone' ? undefined : {}),
    defaultMode: 0o444,
  })

const running = (
  name: string,
  labels: Record<string, string>,
  more: Partial<Container> & { volumes?: string[] } = {},
) => container({ name, state: 'running', labels: compose('shop', 'api', labels), ...more })
const files = (one: Wanted | Failure | undefined): unknown =>
  one instanceof Failure ? one.message : one?.asked.bindings.map(({ file }) => file)

it('of each volume the newest running container of the workload says what is wanted', () => {
  const wanted = ask([
    running('new', { 'dso.secret.n': 'dso://local/n' }, { created: 5 }),
    running('old', { 'dso.secret.o': 'dso://local/o' }, { created: 1, volumes: ['shop_secrets', 'more'] }),
    running('made', { 'dso.secret.x': 'dso://local/x' }, { created: 9, state: 'created' }),
    container({ name: 'solo', state: 'running', labels: { 'dso.secret.s': 'dso://local/s' }, volumes: ['solo'] }),
  ])
  expect([...wanted].map(([name, one]) => [name, files(one)])).toEqual([
    ['shop_secrets', ['n']],
    ['more', ['o']],
  ])
})

it('a container that cannot be read is a failure in its place and stops no other', () => {
  const wanted = ask([
    running('bad', { 'dso.mode': '256' }, { volumes: ['one'] }),
    running('blind', { 'dso.secret.x': 'dso://local/x' }, { volumes: ['two'], imageId: 'sha256:gone' }),
    running('silent', {}, { volumes: ['three'] }),
    running('good', { 'dso.secret.x': 'dso://local/x' }, { volumes: ['four'] }),
    running('aside', { 'dso.ignore': 'true' }, { volumes: ['five'] }),
  ])
  expect(files(wanted.get('one'))).toContain('dso: shop/api: dso.mode is "256"')
  expect(files(wanted.get('two'))).toContain('the labels of its image are not known yet')
  expect(files(wanted.get('three'))).toContain('no label of it asks for a secret')
  expect(files(wanted.get('four'))).toEqual(['x'])
  expect(wanted.has('five')).toBe(false)
})

it('options of the volume count', () => {
  const options = { 'dso.secret.o': 'dso://local/o' }
  const wanted = ask([running('a', {})], [{ name: 'shop_secrets', options, project: 'shop', createdAt: '' }])
  expect(files(wanted.get('shop_secrets'))).toEqual(['o'])
})
