import type { Effects } from '../core/step.ts'
import type { Delivery } from '../delivery/delivery.ts'
import { type Engine, isEngineError } from '../docker/engine.ts'
import { checkpoint } from '../host/checkpoint.ts'
import type { Ends } from './ends.ts'
import type { Change, Health } from './health.ts'
import type { Rendering } from './rendering.ts'

export interface EffectNeeds {
  readonly engine: Pick<Engine, 'kill' | 'start'>
  readonly delivery: Pick<Delivery, 'renew' | 'prove' | 'empty'>
  readonly rendering: Pick<Rendering, 'files'>
  readonly health: Pick<Health, 'watch'>
  readonly ends: Pick<Ends, 'expect'>
}

/** How each step is done, within one change. Carries no decision. */
export function createEffects(needs: EffectNeeds, change: Change): Effects {
  const { engine, delivery, rendering, health } = needs
  return {
    renew: async ({ slot, container, from, to, signal: told }, signal) => {
      if (from.fingerprint !== to.fingerprint) await delivery.renew(slot, to, await rendering.files(to, signal))
      checkpoint('renew.told')
      if (told !== undefined) await tell(needs, change.ids.get(container) ?? container, told, signal)
    },
    watch: (step, signal) => health.watch(step, change, signal),
    prove: async ({ slots }) => {
      for (const slot of slots) await delivery.prove(slot)
    },
    start: ({ container }, signal) => engine.start(change.ids.get(container) ?? container, signal),
    empty: ({ slot }) => delivery.empty(slot),
  }
}

/** A container that no longer runs has nobody to tell: the watch finds that out. */
async function tell({ engine, ends }: EffectNeeds, id: string, name: string, signal: AbortSignal): Promise<void> {
  ends.expect(id, name)
  try {
    await engine.kill(id, name, AbortSignal.any([signal, AbortSignal.timeout(20_000)]))
  } catch (error) {
    if (!isEngineError(error, 'absent') && !isEngineError(error, 'conflict')) throw error
  }
}
