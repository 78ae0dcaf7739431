import type { Client } from './client.ts'
import type { Parts } from './parts.ts'
import type { Terminal } from './terminal.ts'

/** One option of a command. `value` is the word that help shows for what follows `--name=`. */
export interface Option {
  readonly name: string
  readonly short?: string
  readonly value?: string
  /** What the option means when it stands without `=VALUE`. Without it a value is required. */
  readonly bare?: string
  readonly text: string
}

/** What completion offers for the arguments. */
export type Completes = 'workload' | 'reference' | 'target' | 'file'

/** A command: one file, one line in commands/index.ts. */
export interface Command {
  /** One word or two: `secret set`. */
  readonly name: string
  /** The arguments as help shows them. */
  readonly usage: string
  readonly summary: string
  readonly text?: string
  readonly examples: readonly (readonly [command: string, what: string])[]
  readonly options: readonly Option[]
  readonly least: number
  readonly most: number
  readonly completes?: Completes
  /** Resolves to the exit status; throws Failure or Usage. */
  readonly run: (call: Call) => Promise<number>
}

/** One call of a command. */
export interface Call {
  readonly args: readonly string[]
  /** Options given, by long name; one without a value is an empty string. */
  readonly options: ReadonlyMap<string, string>
  readonly json: boolean
  readonly terminal: Terminal
  readonly client: Client
  readonly parts: Parts
}

/** Wrong usage: exit status 2. */
export class Usage extends Error {
  override readonly name = 'Usage'
}

/** A command of a later version: known by name, answered with one sentence. */
export const later = (name: string, usage: string, summary: string, instead: string): Command => ({
  name,
  usage,
  summary: `${summary} (not in this version)`,
  examples: [],
  options: [],
  least: 0,
  most: Number.POSITIVE_INFINITY,
  run: async () => {
    throw new Usage(`dso: ${name}: not in this version: ${instead}`)
  },
})
