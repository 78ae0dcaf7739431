import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Decision, decide, validVolumeName, workloadOf } from '../../../src/core/desire.ts'
import type { Container, Volume } from '../../../src/core/model.ts'
import { compose, container } from './arbitraries.ts'
import { refusal } from './refusal.ts'

const volume: Volume = { name: 'shop_secrets', options: {}, createdAt: '2026-01-01T00:00:00Z' }
const images: Record<string, Record<string, string>> = { 'sha256:plain': {} }
const db = { 'dso.secret.db': 'dso://local/shop/db#password' }
const other = { 'dso.secret.db': 'dso://local/other' }

const ask = (containers: readonly Container[], more: Partial<Parameters<typeof decide>[0]> = {}): Decision =>
  decide({ volume, containers, imageLabels: (id) => images[id], defaultMode: 0o444, ...more })
const delivered = (containers: readonly Container[], more = {}): Decision & { kind: 'deliver' } => {
  const decision = ask(containers, more)
  if (decision.kind !== 'deliver') throw new Error('nothing was delivered')
  return decision
}
const refused = (containers: readonly Container[], more = {}): string => refusal(() => ask(containers, more))

const api = container({ name: 'shop-api-1', labels: compose('shop', 'api', db) })

describe('a Mount serves the labels of who is about to start', () => {
  it.each(['created', 'exited', 'restarting'] as const)('in state %s', (state) => {
    expect(delivered([{ ...api, state }])).toMatchObject({ workload: 'shop/api', counted: ['shop-api-1'], ignored: [] })
  })

  it.each(['running', 'paused', 'removing', 'dead'] as const)('not in state %s', (state) => {
    expect(ask([{ ...api, state }])).toEqual({ kind: 'marker' })
  })

  it('and gives docker create a marker', () => {
    expect(ask([])).toEqual({ kind: 'marker' })
  })

  it('beside a running container of the same service that asks for something else', () => {
    const before = container({ name: 'old', state: 'running', labels: compose('shop', 'api', other) })
    expect(delivered([before, api]).counted).toEqual(['shop-api-1'])
  })

  it('of a service the newest counts, and only those who ask the same may hold it', () => {
    const replica = container({ name: 'shop-api-2', created: 2000, labels: compose('shop', 'api', db) })
    const leftover = container({ name: 'shop-api-run-1', created: 500, labels: compose('shop', 'api', other) })
    const silent = container({ name: 'shop-api-run-2', created: 400, labels: compose('shop', 'api') })
    const { asked, counted } = delivered([leftover, silent, api, replica])
    expect(asked.bindings.map(({ file }) => file)).toEqual(['db'])
    expect(counted).toEqual(['shop-api-2', 'shop-api-1'])
  })

  it('two services that ask for the same share a volume, however they rotate', () => {
    const labels = compose('shop', 'worker', { ...db, 'dso.rotation': 'signal HUP' })
    const worker = container({ name: 'shop-worker-1', created: 2000, labels })
    expect(delivered([api, worker])).toMatchObject({
      workload: 'shop/worker',
      counted: ['shop-worker-1', 'shop-api-1'],
      asked: { rotation: { strategy: { kind: 'signal' } } },
    })
  })

  it('a container without Compose is a workload by its name', () => {
    expect(delivered([container({ name: 'solo', labels: db })]).workload).toBe('solo')
  })
})

describe('a Mount is refused', () => {
  it('when two services differ, naming both and what to remove', () => {
    const worker = container({ name: 'shop-worker-1', created: 900, labels: compose('shop', 'worker', other) })
    expect(refused([worker, api])).toBe(
      'dso: volume shop_secrets is asked for different files by shop/api and shop/worker: give each service its own volume, or remove the leftover: docker rm shop-worker-1 [VOLUME_AMBIGUOUS]',
    )
  })

  it.each([
    ['mode', { 'dso.mode': '0400' }],
    ['owner', { 'dso.uid.db': '7' }],
    ['filter', { 'dso.secret.db': 'dso://local/shop/db#password|trim' }],
    ['more files', { 'dso.secret.x': 'dso://local/x' }],
    ['a broken label', { 'dso.mode': '256' }],
  ])('when they differ in %s only', (_, labels) => {
    const worker = container({ name: 'w', created: 900, labels: compose('shop', 'worker', { ...db, ...labels }) })
    expect(refused([worker, api])).toContain('VOLUME_AMBIGUOUS')
  })

  it('when two of one service made in the same second differ', () => {
    const twin = container({ name: 'shop-api-2', labels: compose('shop', 'api', other) })
    expect(refused([api, twin])).toContain('by shop-api-1 and shop-api-2')
  })

  it('when one asks for nothing, naming it', () => {
    expect(refused([container({ name: 'backup' })])).toBe(
      'dso: backup: no label of it asks for a secret, but it mounts the volume shop_secrets: add dso.secret.FILE: dso://local/PATH to its labels [VOLUME_UNCLAIMED]',
    )
    expect(refused([api, container({ name: 'backup', created: 10 })])).toContain('or remove it: docker rm backup')
  })

  it('when a label of it is wrong, naming the service', () => {
    expect(refused([container({ labels: compose('shop', 'api', { ...db, 'dso.mode': '256' }) })])).toContain(
      'dso: shop/api: dso.mode is "256"',
    )
  })

  it('when the labels of an image are not known, even of one that would not count', () => {
    const unknown = container({ name: 'u', imageId: 'sha256:gone', created: 1, labels: db })
    expect(refused([api, unknown])).toMatch(/^dso: u: the labels of its image are not known yet.*docker rm u/)
  })

  it('when everybody there has dso.ignore', () => {
    expect(refused([container({ name: 'x', labels: { ...db, 'dso.ignore': 'true' } })])).toContain('dso.ignore')
    const aside = container({ name: 'x', labels: { ...other, 'dso.ignore': 'true' } })
    expect(delivered([api, aside]).counted).toEqual(['shop-api-1'])
  })
})

describe('an image', () => {
  const forged = { ...other, ...compose('victim', 'db'), 'dso.ignore': 'true' }
  const evil = { imageLabels: (id: string) => (id === 'sha256:evil' ? forged : {}) }

  it('obtains nothing by its labels', () => {
    expect(refused([container({ name: 'e', imageId: 'sha256:evil', labels: forged })], evil)).toMatch(
      /^dso: e: .*VOLUME_UNCLAIMED/,
    )
  })

  it('has its labels told as ignored where the deployer asks for something', () => {
    const run = container({ name: 'e', imageId: 'sha256:evil', labels: { ...forged, ...db } })
    expect(delivered([run], evil)).toMatchObject({ workload: 'e', ignored: expect.arrayContaining(['dso.ignore']) })
  })
})

describe('driver_opts', () => {
  const opted: Volume = { ...volume, options: { ...db, 'dso.mode': '0400' }, project: 'shop' }

  it("are given to the volume's own project", () => {
    const plain = container({ name: 'p', labels: compose('shop', 'api') })
    expect(delivered([plain], { volume: opted }).asked.bindings).toMatchObject([{ file: 'db', mode: 0o400 }])
  })

  it('and to nobody else, a project typed by hand included', () => {
    expect(refused([container({ labels: compose('blog', 'web') })], { volume: opted })).toContain('VOLUME_UNCLAIMED')
    const typed = container({ labels: { 'com.docker.compose.project': 'shop' } })
    expect(refused([typed], { volume: opted })).toContain('VOLUME_UNCLAIMED')
  })

  it('of a volume without a project to anybody', () => {
    const { project: _, ...free } = opted
    expect(delivered([container({ name: 'solo' })], { volume: free }).workload).toBe('solo')
  })

  it('that a label contradicts are refused', () => {
    expect(refused([container({ labels: compose('shop', 'api', other) })], { volume: opted })).toContain(
      'shop/api: dso.secret.db: the label and driver_opts of the volume differ',
    )
  })
})

describe('a workload', () => {
  it.each([
    [compose('shop', 'api'), 'shop/api'],
    [compose('shop/x', 'api'), 'c'],
    [compose('shop', '../x'), 'c'],
    [{ 'com.docker.compose.project': 'shop', 'com.docker.compose.service': 'api' }, 'c'],
    [{}, 'c'],
  ])('%j is %s', (labels, workload) => {
    expect(workloadOf(container({ labels }))).toBe(workload)
  })
})

it.each([
  ['shop_secrets', true],
  ['a', true],
  ['a'.repeat(200), true],
  ['a'.repeat(201), false],
  ['../x', false],
  ['', false],
  ['/run/secrets', false],
  ['.a', false],
  ['a\n', false],
])('volume name %j: %j', (name, valid) => {
  expect(validVolumeName(name)).toBe(valid)
})

describe('for every list of containers', () => {
  const names = ['shop_secrets', 'shop_secrets2', '/run/secrets', 'Shop_secrets', '']
  const rows = fc.uniqueArray(
    fc.record({
      id: fc.uuid(),
      name: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      state: fc.constantFrom('created', 'running', 'exited', 'restarting', 'dead', 'paused', 'removing'),
      labels: fc.constantFrom(db, other, {}, compose('shop', 'api', db), compose('shop', 'api', other)),
      imageId: fc.constantFrom('sha256:plain', 'sha256:gone'),
      created: fc.nat(3),
      mounts: fc.array(
        fc.record({
          volume: fc.constantFrom(...names),
          driver: fc.constantFrom('dso', 'local'),
          destination: fc.constantFrom(...names),
        }),
        { maxLength: 2 },
      ),
    }) satisfies fc.Arbitrary<Container>,
    { maxLength: 5, selector: ({ name }) => name },
  )
  const outcome = (containers: readonly Container[], name: string): unknown => {
    try {
      return ask(containers, { volume: { ...volume, name } })
    } catch (error) {
      return (error as Error).message
    }
  }
  const mounting = (name: string) => (row: Container) =>
    row.mounts.some((mount) => mount.volume === name && mount.driver === 'dso')

  it('only rows that mount exactly this volume by our driver have a say', () => {
    fc.assert(
      fc.property(rows, fc.constantFrom(...names), (containers, name) => {
        expect(outcome(containers, name)).toEqual(outcome(containers.filter(mounting(name)), name))
      }),
    )
  })

  it('the order of the list has no say', () => {
    fc.assert(
      fc.property(rows, (containers) => {
        expect(outcome(containers.toReversed(), 'shop_secrets')).toEqual(outcome(containers, 'shop_secrets'))
      }),
    )
  })
})
