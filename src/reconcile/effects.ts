import type { Effects } from '../core/step.ts'
import type { Delivery } from '../delivery/delivery.ts'
import type { Engine } from '../docker/engine.ts'
import { checkpoint } from '../host/checkpoint.ts'
import type { Change, Health } from './health.ts'
import type { Rendering } from './rendering.ts'
import type { Tell } from './tell.ts'

export interface EffectNeeds {
  readonly engine: Pick<Engine, 'start'>
  readonly delivery: Pick<Delivery, 'renew' | 'prove' | 'empty'>
  readonly rendering: Pick<Rendering, 'files'>
  readonly health: Pick<Health, 'watch'>
  readonly tell: Tell
}

/** How each step is done, within one change. Carries no decision. */
export function createEffects(needs: EffectNeeds, change: Change): Effects {
  const { engine, delivery, rendering, health } = needs
  return {
    renew: async ({ slot, container, from, to, signal: told }, signal) => {
      if (from.fingerprint !== to.fingerprint) await delivery.renew(slot, to, await rendering.files(to, signal))
      checkpoint('renew.told')
      if (told !== undefined) await needs.tell(change.ids.get(container) ?? container, told, change.at, signal)
    },
    watch: (step, signal) => health.watch(step, change, signal),
    prove: async ({ slots }) => {
      for (const slot of slots) await delivery.prove(slot)
    },
    start: ({ container }, signal) => engine.start(change.ids.get(container) ?? container, signal),
    empty: ({ slot }) => delivery.empty(slot),
  }
}
