import type { Rotation } from '../model.ts'
import type { Settings } from '../settings.ts'
import { live } from './live.ts'
import { none } from './none.ts'
import { signal } from './signal.ts'
import type { Strategy } from './strategy.ts'

export const strategies = [live, signal, none] as const

/** A strategy and why it is this one. */
export interface Choice {
  readonly strategy: Strategy
  readonly reason: string
  /** True when nobody asked for this very strategy: shown as `live (auto)`. */
  readonly auto: boolean
}

/** The strategy for a container that only has files: what its label asks for, else dso.yaml's default. */
export function choose({ strategy }: Rotation, standard: Settings['rotation']['default']): Choice {
  if (strategy.kind === 'signal')
    return { strategy: signal, reason: `dso.rotation: signal ${strategy.signal}`, auto: false }
  if (strategy.kind !== 'auto')
    return { strategy: named(strategy.kind), reason: `dso.rotation: ${strategy.kind}`, auto: false }
  if (standard !== 'auto')
    return { strategy: named(standard), reason: `rotation.default of dso.yaml: ${standard}`, auto: true }
  return { strategy: live, reason: 'only files change, and a running process can read them again', auto: true }
}

/** `live (auto)`, `signal SIGHUP`, `none`: the column ON CHANGE of `status`. */
export function printChoice(rotation: Rotation, standard: Settings['rotation']['default']): string {
  if (rotation.strategy.kind === 'signal') return `signal ${rotation.strategy.signal}`
  const { strategy, auto } = choose(rotation, standard)
  return auto ? `${strategy.name} (auto)` : strategy.name
}

const named = (kind: 'live' | 'none'): Strategy => (kind === 'live' ? live : none)
