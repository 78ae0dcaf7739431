import type { EngineName, Lab } from '../test/lab/lab.ts'

/** One measured claim: printed as one JSON line, or one line of text. */
export interface Figure {
  readonly name: string
  readonly ours: number
  /** The same thing without DSO, measured in the same run; null where there is none. */
  readonly peer: number | null
  readonly goal: number
  readonly unit: string
  readonly holds: boolean
  /** What was measured, how often, and the spread. */
  readonly how: string
}

/** What a measurement works with: an open lab whose agent runs with an empty vault. */
export interface Bench {
  readonly lab: Lab
  readonly engine: EngineName
  readonly agentPid: number
  say(text: string): void
}

/** Measures figures that belong together, because they need the same set-up. */
export interface Measurement {
  readonly names: readonly string[]
  measure(bench: Bench): Promise<readonly Figure[]>
}
