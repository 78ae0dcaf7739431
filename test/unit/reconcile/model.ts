import type { Emit, Fact } from '../../../src/core/event.ts'
import { Failure } from '../../../src/core/failure.ts'
import type { Generation, ObservedMount, Rotation, World } from '../../../src/core/model.ts'
import type { Settings } from '../../../src/core/settings.ts'
import { createEnds } from '../../../src/reconcile/ends.ts'
import { Ended, type Health } from '../../../src/reconcile/health.ts'
import { createJournal } from '../../../src/reconcile/journal.ts'
import type { Keep } from '../../../src/reconcile/keep.ts'
import { createPauses } from '../../../src/reconcile/pause.ts'
import { createQuarantine } from '../../../src/reconcile/quarantine.ts'
import { createReconcile, type Outcome } from '../../../src/reconcile/reconcile.ts'
import { createRejected } from '../../../src/reconcile/rejected.ts'
import { createRollouts } from '../../../src/reconcile/rollout.ts'
import { generation, mount } from '../plan/worlds.ts'

/** What outlives an agent: the mounts, the disk, the source, and how its containers are. */
export interface Host {
  readonly mounts: Map<string, ObservedMount>
  readonly disk: Map<string, string>
  /** The source's version now. */
  version: string
  /** Versions on which the application is not well. */
  readonly bad: Set<string>
  /** Containers that were told, by the version that they then read. */
  readonly told: string[]
  readonly facts: Fact[]
  /** Containers that somebody stopped. */
  readonly stopped: Set<string>
}

export function createHost(slots: readonly string[], version: string): Host {
  const mounts = new Map(slots.map((slot) => [slot, mount(slot, version)]))
  return { mounts, disk: new Map(), version, bad: new Set(), told: [], facts: [], stopped: new Set() }
}

/** The agent is dead: nothing that it still does counts. */
export class Crash extends Error {}

export const workload = 'shop/api'

/** One life of the loop's parts over a host; after `effects` effects on the host it is killed. */
export function createLife(host: Host, rotation: Rotation, effects = Number.POSITIVE_INFINITY) {
  let left = effects
  const act = (): void => {
    if (left <= 0) throw new Crash('killed')
    left -= 1
  }
  const emit: Emit = (fact) => void host.facts.push(fact)
  const keep = keepOf(host, act)
  const journal = createJournal(keep)
  const quarantine = createQuarantine({ keep, emit })
  const rejected = createRejected()
  const pauses = createPauses({ keep, emit })
  const ends = createEnds()
  const life = new AbortController()
  const settled: unknown[] = []
  const set = (slot: string, more: Partial<ObservedMount>) => {
    act()
    const before = host.mounts.get(slot)
    if (before) host.mounts.set(slot, { ...before, ...more })
  }
  const delivery = {
    renew: async (slot: string, to: Generation) => set(slot, { generation: to }),
    prove: async (slot: string) => set(slot, { proved: host.mounts.get(slot)!.generation }),
    empty: async (slot: string) => set(slot, { generation: { ...generation('none'), bindings: [] } }),
  }
  const versionIn = (container: string) => versionOf(host.mounts.get(container.slice(2))!.generation)
  const engine = {
    start: async () => act(),
    inspect: async () => Promise.reject(new Failure('AGENT_DOWN', 'no', 'no')),
  }
  const health: Health = {
    before: async () => [],
    watch: async ({ containers }, _change, signal) => {
      await new Promise((resolve) => setImmediate(resolve))
      signal.throwIfAborted()
      act()
      if (containers.every((name) => host.stopped.has(name))) throw new Ended('it was stopped')
      const sick = containers.find((name) => !host.stopped.has(name) && host.bad.has(versionIn(name)))
      if (sick !== undefined) throw new Failure('UNHEALTHY', `${sick}: it ended with exit status 1`, 'set another')
    },
  }
  const fallen = { ...engine, inspect: async () => ({ state: { status: 'running' } }) as never }
  const rollouts = createRollouts({
    ...{ delivery, health, ends, journal, quarantine, rejected, emit },
    engine: fallen,
    tell: async (id) => {
      act()
      host.told.push(`${id} ${versionIn(id)}`)
    },
    rendering: { files: async () => [] },
    signal: () => life.signal,
    settled: (_workload, _record, error) => void settled.push(error),
  })
  const want = (): Generation => {
    const instead = quarantine.avoid(workload)('dso://local/shop/db', host.version)
    if (instead instanceof Failure) throw instead
    return generation(instead ?? host.version)
  }
  const targets = {
    asked: async () => undefined,
    awaits: () => false,
    of: async (_workload: string, { mounts }: World) => ({
      targets: mounts
        .filter(({ holders }) => holders.length > 0)
        .map((one) => ({ mount: one, container: `c-${one.slot}`, wanted: want() })),
      kept: [],
      ids: new Map(mounts.map(({ slot }) => [`c-${slot}`, `c-${slot}`])),
      rotation,
    }),
  }
  const settings = () => ({ rotation: { default: 'auto', gatherMs: 0 } }) as Settings
  const reconcile = createReconcile({
    ...{ targets, rollouts, journal, quarantine, rejected, pauses, delivery, settings, emit },
  })
  const pass = async (): Promise<Outcome> => {
    const world = { containers: [], mounts: [...host.mounts.values()] }
    return await reconcile.run(workload, world, life.signal)
  }
  return { pass, rollouts, journal, quarantine, pauses, settled }
}

export const versionOf = ({ reads }: Generation): string => Object.values(reads)[0]?.version ?? ''

/** State files that outlive the agent; writing one is an effect. */
function keepOf({ disk }: Host, act: () => void): Keep {
  return {
    read: (name, shape) => {
      const text = disk.get(name)
      return text === undefined ? undefined : shape.parse(JSON.parse(text))
    },
    list: (folder) =>
      [...disk.keys()].flatMap((name) => (name.startsWith(`${folder}/`) ? [name.slice(folder.length + 1)] : [])),
    write: async (name, state) => {
      if (alive(act)) disk.set(name, JSON.stringify(state))
    },
    remove: async (name) => void (alive(act) && disk.delete(name)),
  }
}

/** A dead agent writes nothing; this interface never throws. */
function alive(act: () => void): boolean {
  try {
    act()
    return true
  } catch {
    return false
  }
}
