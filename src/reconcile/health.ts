import { Failure } from '../core/failure.ts'
import type { Settings } from '../core/settings.ts'
import type { Step } from '../core/step.ts'
import type { Engine } from '../docker/engine.ts'
import type { Ends } from './ends.ts'
import { probeOf } from './probe.ts'
import { keepVigil } from './vigil.ts'

/** What a watch must know of the change that it watches. */
export interface Change {
  /** Milliseconds since 1970 just before the first file changed. */
  readonly at: number
  /** The same of the first rollout of a chain in which each superseded the one before: what it broke was not broken before. */
  readonly firstAt: number
  /** Container ids by name: another container may take a name meanwhile. */
  readonly ids: ReadonlyMap<string, string>
  /** Containers that were unhealthy before. */
  readonly ailing: ReadonlySet<string>
  /** Told as soon as more of them are known. */
  found(ailing: string): Promise<void>
}

/** Every container of the change was ended by somebody: neither success nor failure. */
export class Ended extends Error {
  override readonly name = 'Ended'
}

export interface Health {
  /** The containers whose `dso.rotation.check` fails before the change. Throws Failure STRATEGY_IMPOSSIBLE for a check that cannot be made. */
  before(step: Step<'watch'>, ids: ReadonlyMap<string, string>, signal: AbortSignal): Promise<readonly string[]>
  /** Returns when all are well, or were unhealthy before. Throws Failure UNHEALTHY at the first that is not, Ended when none is left. */
  watch(step: Step<'watch'>, change: Change, signal: AbortSignal): Promise<void>
}

export interface HealthNeeds {
  readonly engine: Pick<Engine, 'inspect' | 'exec'>
  readonly ends: Ends
  readonly settings: () => Settings
}

/** A check that hangs before the change may hold the change up for so long. */
const beforeMs = 2_000

export function createHealth(needs: HealthNeeds): Health {
  const { engine } = needs
  return {
    before: async ({ check, containers }, ids, signal) => {
      if (!check) return []
      const fails = async (name: string) => {
        const container = await engine.inspect(ids.get(name) ?? name, signal)
        const attempt = probeOf(check, container, engine)
        const limited = AbortSignal.any([signal, AbortSignal.timeout(beforeMs)])
        const reason = await attempt(limited).catch(() => 'it could not be run')
        return reason === undefined ? [] : [name]
      }
      return (await Promise.all(containers.map(fails))).flat()
    },
    watch: async (step, change, signal) => {
      const others = new AbortController()
      const limited = AbortSignal.any([signal, others.signal])
      const watching = step.containers.map(async (name) => {
        const verdict = await keepVigil(needs, { name, step, change }, limited)
        if (verdict.kind === 'failed') throw unhealthy(name, verdict.reason)
        return { name, verdict }
      })
      try {
        const verdicts = await Promise.all(watching)
        const ended = verdicts.filter(({ verdict }) => verdict.kind === 'ended')
        if (ended.length < verdicts.length) return
        throw new Ended(
          ended.map(({ name, verdict }) => `${name}: ${'reason' in verdict ? verdict.reason : ''}`).join('; '),
        )
      } finally {
        others.abort(new Error('another container decided'))
        await Promise.allSettled(watching)
      }
    },
  }
}

const unhealthy = (name: string, reason: string): Failure =>
  new Failure('UNHEALTHY', `${name}: ${reason}`, 'the old values were put back; set another value or see its logs')
