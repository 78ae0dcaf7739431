import type { Emit } from '../core/event.ts'
import type { Catalogue } from '../docker/catalogue.ts'
import { type DockerEvent, type Engine, isEngineError } from '../docker/engine.ts'
import { driverName } from '../docker/observe.ts'
import type { Store } from '../store/store.ts'
import type { Ends } from './ends.ts'
import { nap } from './nap.ts'
import type { Wake } from './queue.ts'

export interface WakeNeeds {
  readonly engine: Pick<Engine, 'version' | 'events' | 'volume' | 'volumes'>
  readonly store: Pick<Store, 'onChange'>
  readonly catalogue: Pick<Catalogue, 'learn'>
  readonly ends: Pick<Ends, 'heed'>
  readonly wake: (wake: Wake) => void
  /** Docker answers again: starts may have failed unseen. */
  readonly connected: () => void
  /** Whether a container of this id was seen to use our driver. */
  readonly knows: (containerId: string) => boolean
  readonly emit: Emit
}

const everyMs = 60_000
const lookAfterMs = 1_000
const connectMs = 30_000
const firstPauseMs = 100
const longestPauseMs = 5_000
/** A container's start, end and removal come close together: one look answers those of so many milliseconds. */
const gatherMs = 200

/** After these, what is asked for or held may differ. A container that starts may be one that nobody has seen before. */
const telling = new Set(['start', 'die', 'destroy', 'rename', 'unpause'])

/**
 * Everything that wakes the loop: the store, a timer, Docker's events, and a full look after each time that Docker was
 * away. `since` (milliseconds since 1970): events from then on are told again, as far as Docker remembers.
 */
export async function runWake(needs: WakeNeeds, since: number | undefined, signal: AbortSignal): Promise<void> {
  const gather = createGather((containers) => needs.wake({ containers }))
  needs.store.onChange((reads) => {
    if (!reads) return needs.wake({ all: true })
    // First to all that were seen, at once; the look that finds the others follows.
    const containers = gather.take()
    needs.wake(containers.length > 0 ? { reads, containers } : { reads, quick: true })
    setTimeout(() => needs.wake({ reads }), lookAfterMs).unref()
  })
  const timer = setInterval(() => needs.wake({ all: true }), everyMs)
  timer.unref()
  try {
    await listen(needs, gather, since ?? Date.now(), signal)
  } finally {
    clearInterval(timer)
  }
}

async function listen(needs: WakeNeeds, gather: Gather, from: number, signal: AbortSignal): Promise<void> {
  let since = from
  let pauseMs = firstPauseMs
  let told = ''
  while (!signal.aborted) {
    try {
      const { version } = await needs.engine.version(AbortSignal.any([signal, AbortSignal.timeout(connectMs)]))
      needs.emit({ kind: 'docker.connected', engine: version })
      pauseMs = firstPauseMs
      told = ''
      void learnAll(needs, signal)
      needs.connected()
      needs.wake({ all: true })
      for await (const event of needs.engine.events({ since }, signal)) {
        since = Math.max(since, event.at + 1)
        heed(needs, event, gather, signal)
      }
    } catch (error) {
      if (signal.aborted) return
      const message = isEngineError(error) ? error.message : 'its events could not be read'
      if (message !== told) needs.emit({ kind: 'docker.lost', message })
      told = message
      await nap(pauseMs * (0.5 + Math.random() / 2), signal).catch(() => {})
      pauseMs = Math.min(longestPauseMs, pauseMs * 2)
    }
  }
}

function heed(needs: WakeNeeds, event: DockerEvent, gather: Gather, signal: AbortSignal): void {
  needs.ends.heed(event)
  if (event.type === 'volume') {
    if (event.action === 'create' && event.attributes['driver'] === driverName) void learn(needs, event.id, signal)
    return
  }
  if (!telling.has(event.action)) return
  if (event.action === 'start' || needs.knows(event.id)) gather.add(event.id)
}

/** Hands container ids on together, `gatherMs` after the first. */
function createGather(hand: (ids: readonly string[]) => void): Gather {
  let ids = new Set<string>()
  const take = () => {
    const taken = [...ids]
    ids = new Set()
    return taken
  }
  return {
    take,
    add: (id) => {
      if (ids.size === 0)
        setTimeout(() => {
          if (ids.size > 0) hand(take())
        }, gatherMs).unref()
      ids.add(id)
    },
  }
}

interface Gather {
  add(id: string): void
  /** Those that wait, for somebody who looks at the host now. */
  take(): readonly string[]
}

/** What only Docker knows of a volume. One that is gone again needs no learning. */
async function learn({ engine, catalogue }: WakeNeeds, name: string, signal: AbortSignal): Promise<void> {
  const volume = await engine.volume(name, signal).catch(() => undefined)
  if (volume?.driver === driverName) catalogue.learn(name, volume.labels, volume.options)
}

async function learnAll({ engine, catalogue }: WakeNeeds, signal: AbortSignal): Promise<void> {
  const volumes = await engine.volumes(AbortSignal.any([signal, AbortSignal.timeout(connectMs)])).catch(() => [])
  for (const { name, driver, labels, options } of volumes)
    if (driver === driverName) catalogue.learn(name, labels, options)
}
