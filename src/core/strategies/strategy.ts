import type { Generation, ObservedMount, Rotation } from '../model.ts'
import type { Plan, Step } from '../step.ts'

/** One mount that a running container holds, and what should be in it. */
export interface Target {
  readonly mount: ObservedMount
  /** Name of the container that holds it. */
  readonly container: string
  readonly wanted: Generation
}

/** What a strategy is given: everything of one workload that is not as it should be. */
export interface Turn {
  /** Mounts that hold something else than what is wanted. */
  readonly changed: readonly Target[]
  /** Mounts that hold what is wanted, moved by a rollout that did not end: nobody knows whether their process was told. */
  readonly open: readonly Target[]
  readonly rotation: Rotation
}

/** How a workload takes a new generation: a pure choice of steps. */
export interface Strategy {
  readonly name: Plan['strategy']
  /** In order; none when running containers are to stay as they are. */
  steps(turn: Turn): readonly Step[]
}

/** One `renew` a target. A process is told once, when the last of its mounts has changed. */
export function renewals(targets: readonly Target[], signal?: string): readonly Step<'renew'>[] {
  return targets.map(({ mount, container, wanted }, place) => {
    const step = { kind: 'renew', slot: mount.slot, container, from: mount.generation, to: wanted } as const
    const last = targets.findLastIndex((other) => other.container === container) === place
    return signal !== undefined && last ? { ...step, signal } : step
  })
}

/** Waits for all that changed, then makes it the way back. */
export function watchAndProve({ changed, open, rotation }: Turn): readonly Step[] {
  const targets = [...changed, ...open]
  if (targets.length === 0) return []
  const containers = [...new Set(targets.map((target) => target.container))]
  const { check, timeoutMs, settleMs } = rotation
  return [
    {
      kind: 'watch',
      containers,
      ...(check !== undefined && { check }),
      ...(timeoutMs !== undefined && { timeoutMs }),
      ...(settleMs !== undefined && { settleMs }),
    },
    { kind: 'prove', slots: targets.map((target) => target.mount.slot) },
  ]
}
