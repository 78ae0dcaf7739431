import { describe, expect, test } from 'vitest'
import type { Fact } from '../../../src/core/event.ts'
import { Failure } from '../../../src/core/failure.ts'
import { makeGeneration } from '../../../src/core/generation.ts'
import type { Asked, Container, ObservedMount } from '../../../src/core/model.ts'
import type { DeliveredMount } from '../../../src/delivery/delivery.ts'
import { type BirthNeeds, createBirth } from '../../../src/reconcile/birth.ts'
import type { Sighting } from '../../../src/reconcile/candidates.ts'
import type { Refusal } from '../../../src/reconcile/refusals.ts'

/** Stand-ins for what acts: only the order of decisions is looked at here; the host tests use the real parts. */
const container = (over: Partial<Container> = {}): Container => ({
  id: 'c1',
  name: 'api',
  state: 'created',
  labels: { 'dso.secret.db': 'dso://local/shop/db' },
  imageId: 'sha256:1',
  created: 1,
  mounts: [{ volume: 'v', driver: 'dso', destination: '/run/secrets' }],
  ...over,
})

const read = { version: '2', mark: 'm' }
const generation = (version = '2') => makeGeneration([], { 'dso://local/shop/db': { ...read, version, mark: version } })

interface World {
  part?: boolean
  sighting?: Sighting | Failure
  known?: Partial<DeliveredMount>
  mounts?: readonly ObservedMount[]
  generate?: (asked: Asked, options: { pins?: Readonly<Record<string, string>> }) => Promise<unknown>
  images?: Record<string, Record<string, string>>
  image?: () => Promise<{ labels: Record<string, string> }>
}

function stage(world: World = {}) {
  const log: string[] = []
  const facts: Fact[] = []
  const refused: Refusal[] = []
  const delivered: { mountId: string; authorised: readonly string[] }[] = []
  const images: Record<string, Record<string, string>> = world.images ?? { 'sha256:1': {} }
  const { sighting = { containers: [container()], booting: false } } = world
  const needs = {
    engine: { image: world.image ?? (async () => ({ labels: {} })) },
    candidates: {
      of: async () => {
        log.push('candidates')
        if (sighting instanceof Failure) throw sighting
        return sighting
      },
    },
    imageLabels: {
      get: (id: string) => images[id],
      learn: async (id: string, engine: { image: () => Promise<{ labels: Record<string, string> }> }) => {
        log.push('learn')
        images[id] = (await engine.image()).labels
        return images[id]
      },
    },
    records: { mountsPart: async () => world.part ?? false },
    catalogue: { get: (name: string) => (name === 'v' ? { name, options: {}, createdAt: '' } : undefined) },
    generate:
      world.generate ??
      (async () => {
        log.push('generate')
        return { generation: generation(), files: [{ file: 'db' }] }
      }),
    delivery: {
      find: () => world.known,
      look: async () => world.mounts ?? [],
      all: () => world.mounts ?? [],
      marker: async () => '/marker',
      used: (_: string, by: number) => log.push(`used ${by}`),
      deliver: async (what: { mountId: string; authorised: readonly string[] }) => {
        log.push('deliver')
        delivered.push(what)
        return `/values/${what.mountId}`
      },
    },
    avoid: () => () => undefined,
    settings: () => ({ delivery: { defaultMode: 0o444 }, rotation: { default: 'auto' } }),
    refusals: { set: (refusal: Refusal) => refused.push(refusal), clear: (ids: string[]) => log.push(`clear ${ids}`) },
    emit: (fact: Fact) => facts.push(fact),
  } as unknown as BirthNeeds
  return { birth: createBirth(needs), log, facts, refused, delivered }
}

describe('a Mount', () => {
  test('is decided, read, delivered and told, in this order', async () => {
    const { birth, log, facts, delivered } = stage()
    expect(await birth('v', 'm1')).toBe('/values/m1')
    expect(log).toEqual(['candidates', 'generate', 'deliver', 'clear c1', 'used 1'])
    expect(delivered).toMatchObject([{ volume: 'v', workload: 'api', authorised: ['c1'] }])
    expect(facts).toMatchObject([{ kind: 'mount.delivered', workload: 'api', volume: 'v', files: 1 }])
  })

  test('that comes twice at once is decided once', async () => {
    const { birth, log } = stage()
    await Promise.all([birth('v', 'm1'), birth('v', 'm1')])
    expect(log.filter((line) => line === 'deliver')).toHaveLength(1)
    expect(log.filter((line) => line === 'used 1')).toHaveLength(2)
  })

  test('that a container holds keeps its directory, without a decision', async () => {
    const held = { mountId: 'm1', volume: 'v', holders: ['c1'], directory: '/values/old', workload: 'api' }
    const { birth, log } = stage({ known: held, mounts: [held as unknown as ObservedMount] })
    expect(await birth('v', 'm1')).toBe('/values/old')
    expect(log).toEqual(['used 1'])
  })

  test('that nobody holds any more is decided anew', async () => {
    const known = { mountId: 'm1', volume: 'v', holders: [], workload: 'other' }
    const { birth, log } = stage({ known })
    expect(await birth('v', 'm1')).toBe('/values/m1')
    expect(log).toContain('deliver')
  })

  test('never answers one volume with the directory of another', async () => {
    const { birth } = stage({ known: { mountId: 'm1', volume: 'w' } })
    await expect(birth('v', 'm1')).rejects.toThrow(/a mount of w was asked for as v/)
  })

  test('of docker create gets the marker', async () => {
    const { birth, log } = stage({ sighting: { containers: [], booting: false } })
    expect(await birth('v', 'm1')).toBe('/marker')
    expect(log).not.toContain('generate')
  })

  test('without a container while dockerd boots is refused: a record is missing', async () => {
    const { birth } = stage({ sighting: { containers: [], booting: true } })
    await expect(birth('v', 'm1')).rejects.toMatchObject({ code: 'VOLUME_UNCLAIMED' })
  })

  test('learns an unknown image first, but asks nothing while dockerd boots', async () => {
    const live = stage({ images: {} })
    await live.birth('v', 'm1')
    expect(live.log).toContain('learn')
    const boot = stage({ images: {}, sighting: { containers: [container({ state: 'exited' })], booting: true } })
    await expect(boot.birth('v', 'm1')).rejects.toMatchObject({ code: 'VOLUME_UNCLAIMED' })
    expect(boot.log).not.toContain('learn')
  })

  test('is refused when the image cannot be asked', async () => {
    const { birth, log } = stage({ images: {}, image: () => Promise.reject(new Error('gone')) })
    await expect(birth('v', 'm1')).rejects.toMatchObject({ code: 'VOLUME_UNCLAIMED', where: 'api' })
    expect(log).not.toContain('generate')
  })

  test('gets the proved version while a rollout of its workload is open', async () => {
    const open = { workload: 'api', generation: generation('2'), proved: generation('1'), answeredAt: 1 }
    let pins: unknown
    const generate: NonNullable<World['generate']> = async (_, options) => {
      pins = options.pins
      return { generation: generation(), files: [] }
    }
    await stage({ generate, mounts: [open as unknown as ObservedMount] }).birth('v', 'm1')
    expect(pins).toEqual({ 'dso://local/shop/db': '1' })
  })
})

describe('a refused Mount', () => {
  const locked = () => Promise.reject(new Failure('LOCAL_LOCKED', 'the vault is locked', 'docker dso unlock'))

  test('says of whom, is told, and is remembered for its containers', async () => {
    const { birth, facts, refused, log } = stage({ generate: locked })
    await expect(birth('v', 'm1')).rejects.toThrow(
      'dso: api: the vault is locked: docker dso unlock; then start it again [LOCAL_LOCKED]',
    )
    expect(facts).toMatchObject([{ kind: 'mount.refused', workload: 'api', code: 'LOCAL_LOCKED' }])
    expect(refused).toMatchObject([{ containers: ['c1'], names: ['api'], workload: 'api', volume: 'v' }])
    expect(log).toEqual(['candidates'])
  })

  test('promises a start only where nobody has to start it by hand', async () => {
    const sighting = { containers: [container({ state: 'restarting' })], booting: false }
    await expect(stage({ generate: locked, sighting }).birth('v', 'm1')).rejects.toThrow(
      /unlock; it will be started then/,
    )
  })

  test('lets no foreign text pass', async () => {
    const generate = () => Promise.reject(Object.assign(new Error('hunter2'), { code: 'EIO' }))
    await expect(stage({ generate }).birth('v', 'm1')).rejects.toThrow(
      'dso: api: the agent could not deliver (EIO): see docker dso doctor, then start it again [AGENT_DOWN]',
    )
  })

  test('for an ambiguous volume names all that ask', async () => {
    const other = container({ id: 'c2', name: 'worker', labels: { 'dso.secret.x': 'dso://local/x' }, created: 2 })
    const { birth, refused } = stage({ sighting: { containers: [container(), other], booting: false } })
    await expect(birth('v', 'm1')).rejects.toMatchObject({ code: 'VOLUME_AMBIGUOUS' })
    expect(refused.map(({ workload, containers }) => [workload, containers])).toEqual([
      ['api', ['c1']],
      ['worker', ['c2']],
    ])
  })
})
