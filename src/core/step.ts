import type { Check, Generation, Workload } from './model.ts'

/** The closed list of effects on what runs. Each is idempotent, named before it acts, printable and value-free. */
interface StepArguments {
  /** Replaces all files of a mount in one rename and tells the container's process: taken apart, undoing would tell before the files are back. */
  renew: { slot: string; container: string; from: Generation; to: Generation; signal?: string }
  /** Waits until every container named is well after the change, or throws UNHEALTHY. */
  watch: { containers: readonly string[]; check?: Check; timeoutMs?: number; settleMs?: number }
  /** What is in the files now is the way back from here on. */
  prove: { slots: readonly string[] }
  /** Starts a container that does not run and should. */
  start: { container: string }
  /** Takes the values out of a directory that somebody holds who was not authorised. */
  empty: { slot: string; holder: string }
}

export type StepKind = keyof StepArguments
export type Step<K extends StepKind = StepKind> = { [P in K]: { readonly kind: P } & Readonly<StepArguments[P]> }[K]

/** One function per step: a new step does not compile until someone says how it is done. */
export type Effects = { readonly [K in StepKind]: (step: Step<K>, signal: AbortSignal) => Promise<void> }

/** Everything that is to be done for one workload now, complete before its first step. */
export interface Plan {
  readonly workload: Workload
  /** Why, in words for people: `dso://local/shop/db changed (version 3 to 4)`. */
  readonly cause: string
  readonly strategy: 'live' | 'signal' | 'none'
  /** Why this strategy, when `auto` chose. */
  readonly reason: string
  readonly steps: readonly Step[]
}
