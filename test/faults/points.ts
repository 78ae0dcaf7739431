import { readdirSync, readFileSync } from 'node:fs'
import { repository } from '../lab/furnish.ts'

/** What makes the agent pass a crash point. */
export type Scenario =
  /** A container starts. */
  | 'start'
  /** A secret gets a good value: vault, swap, signal, check. */
  | 'change'
  /** A secret gets a value that the check refuses: the way back. */
  | 'bad change'
  /** A secret is deleted with all that was before it. */
  | 'purge'
  /** The agent starts. */
  | 'opening'
  /** A container that was given files ends. */
  | 'end'

/** A named place in the product at which it can be ended, and what leads there. */
export interface CrashPoint {
  readonly name: string
  readonly scenarios: readonly [Scenario, ...Scenario[]]
}

/** By the beginning of a name; the first that fits counts. */
const ways: readonly (readonly [beginning: string, ...Scenario[]])[] = [
  ['mount.', 'start'],
  ['deliver.', 'start'],
  ['swap.', 'start', 'change'],
  ['vault.8', 'opening', 'purge'],
  ['vault.', 'change'],
  ['rollout.back', 'bad change'],
  ['rollout.', 'change'],
  ['renew.', 'change', 'bad change'],
  ['back.', 'bad change'],
  ['release.', 'end'],
  ['remove.', 'end'],
]

/**
 * Every crash point that the sources name, each with its scenarios. Throws for one that no scenario is known for, so
 * that a new point cannot go untested.
 */
export function crashPoints(): readonly CrashPoint[] {
  return namesInSources().map((name) => {
    const [, ...scenarios] = ways.find(([beginning]) => name.startsWith(beginning)) ?? ['']
    const [first, ...others] = scenarios
    if (first === undefined) throw new Error(`no scenario leads to the crash point ${name}: add one`)
    return { name, scenarios: [first, ...others] }
  })
}

function namesInSources(): string[] {
  const source = `${repository}/src`
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
  const names = new Set<string>()
  for (const file of files) {
    const text = readFileSync(`${source}/${file}`, 'utf8')
    for (const [, name = ''] of text.matchAll(/\bcheckpoint\(['`]([^'`]+)['`]\)/g)) {
      for (const one of expanded(name)) names.add(one)
    }
  }
  return [...names].sort()
}

/** `rollout.${step.kind}` stands for one name a step that a strategy plans. */
function expanded(name: string): string[] {
  if (!name.includes('${')) return [name]
  if (!name.startsWith('rollout.$')) throw new Error(`what does the crash point ${name} stand for?`)
  const steps = readFileSync(`${repository}/src/core/strategies/strategy.ts`, 'utf8')
  return [...steps.matchAll(/\bkind: '(\w+)'/g)].map(([, kind]) => `rollout.${kind}`)
}
