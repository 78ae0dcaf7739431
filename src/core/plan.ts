import type { Generation, ObservedMount, ReadKey, Rotation, Workload } from './model.ts'
import type { Settings } from './settings.ts'
import type { Plan, Step } from './step.ts'
import { choose } from './strategies/index.ts'
import { renewals, type Target } from './strategies/strategy.ts'

export type { Target } from './strategies/strategy.ts'

/** True when a rollout of this mount has begun and not ended: what is in the files is not yet proved. */
export const isOpen = (mount: ObservedMount): boolean => mount.generation.fingerprint !== mount.proved.fingerprint

/** True when the files hold something else than what is wanted. */
export const isChanged = ({ mount, wanted }: Target): boolean => mount.generation.fingerprint !== wanted.fingerprint

/**
 * Everything that is to be done for one workload, from nothing but what is wanted and what its mounts hold. A plan
 * without steps means that nothing is to be done: all is right, or the strategy leaves running containers alone.
 */
export function makePlan(o: {
  readonly workload: Workload
  readonly targets: readonly Target[]
  readonly rotation: Rotation
  readonly standard: Settings['rotation']['default']
}): Plan {
  const changed = o.targets.filter(isChanged)
  const open = o.targets.filter((target) => !isChanged(target) && isOpen(target.mount))
  const { strategy, reason } = choose(o.rotation, o.standard)
  const steps = strategy.steps({ changed, open, rotation: o.rotation })
  return { workload: o.workload, cause: causeOf([...changed, ...open]), strategy: strategy.name, reason, steps }
}

/** The way back: every mount to what was proved, and whoever was told of the change is told again. */
export function takeBack(targets: readonly Target[], signal?: string): readonly Step<'renew'>[] {
  const back = targets.map(({ mount, container, wanted }) => ({
    container,
    wanted: mount.proved,
    mount: { ...mount, generation: wanted },
  }))
  return renewals(back, signal)
}

/** A version that may be to blame, and the one that served before it. */
export interface Suspect {
  readonly read: ReadKey
  readonly version: string
  readonly serving?: string
}

/** The reads that a failed generation holds in another content than the proved one. */
export function suspects(targets: readonly Target[]): readonly Suspect[] {
  const found = new Map<ReadKey, Suspect>()
  for (const { mount, wanted } of targets) {
    for (const [read, { version, mark }] of Object.entries(wanted.reads)) {
      const before = mount.proved.reads[read]
      if (before?.mark === mark) continue
      const serving = laterOf(found.get(read)?.serving, before?.version)
      found.set(read, { read, version, ...(serving !== undefined && { serving }) })
    }
  }
  return [...found.values()]
}

/** Replicas may be proved on different versions: the later one serves, where versions tell which that is. */
function laterOf(one: string | undefined, other: string | undefined): string | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return isNumber(one) && isNumber(other) && Number(other) > Number(one) ? other : one
}

const isNumber = (version: string): boolean => /^\d+$/.test(version)

/** What differs, in words for people: `dso://local/shop/db changed (version 3 to 4)`. */
export function causeOf(targets: readonly Target[]): string {
  const causes = new Set<string>()
  for (const { mount, wanted } of targets) {
    const from = isOpen(mount) && mount.generation.fingerprint === wanted.fingerprint ? mount.proved : mount.generation
    for (const cause of differences(from, wanted)) causes.add(cause)
  }
  if (causes.size === 0) return 'nothing changed'
  const [first, second, third, ...more] = causes
  const shown = [first, second, third].filter((cause) => cause !== undefined).join('; ')
  return more.length === 0 ? shown : `${shown}; and ${more.length} more`
}

function differences(from: Generation, to: Generation): readonly string[] {
  const found: string[] = []
  for (const [read, { version, mark }] of Object.entries(to.reads)) {
    const before = from.reads[read]
    if (before === undefined) found.push(`${read} is asked for`)
    else if (before.version !== version) found.push(`${read} changed (version ${before.version} to ${version})`)
    else if (before.mark !== mark) found.push(`${read} changed`)
  }
  for (const read of Object.keys(from.reads)) {
    if (to.reads[read] === undefined) found.push(`${read} is no longer asked for`)
  }
  return found.length === 0 && from.fingerprint !== to.fingerprint ? ['files or modes changed'] : found
}

/** A plan as text, one line a step, as `plan` prints it and tests compare it. */
export function printPlan(plan: Plan): string {
  const head = `${plan.workload}: ${plan.cause} (${plan.strategy}: ${plan.reason})`
  return [head, ...plan.steps.map((step, place) => `  ${place + 1}. ${printStep(step)}`)].join('\n')
}

/** One step in words. */
export function printStep(step: Step): string {
  switch (step.kind) {
    case 'renew': {
      const told = step.signal === undefined ? '' : `, then ${step.signal}`
      return `renew the files of ${step.container}${told}`
    }
    case 'watch':
      return `watch ${step.containers.join(', ')}`
    case 'prove':
      return `keep the new values as proved (${step.slots.length === 1 ? '1 mount' : `${step.slots.length} mounts`})`
    case 'start':
      return `start ${step.container}`
    case 'empty':
      return `take the values away from ${step.holder}`
  }
}
