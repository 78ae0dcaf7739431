import type { NamesAnswer } from '../core/api.ts'
import { optionsOf } from './argv.ts'
import type { Client } from './client.ts'
import type { Command } from './command.ts'
import { commands } from './commands/index.ts'

const noFiles = 4
const filesToo = 0

/** What cobra's shell scripts expect: `value<TAB>description` lines, then `:DIRECTIVE` (source: cobra, completions). */
export async function complete(words: readonly string[], client: Client): Promise<string> {
  const typing = words.at(-1) ?? ''
  const { offers, directive } = await offersFor(words.slice(0, -1), typing, client)
  const lines = offers.filter(([value]) => value.startsWith(typing)).map(([value, text]) => `${value}\t${text}\n`)
  return `${lines.join('')}:${directive}\n`
}

type Offer = readonly [value: string, text: string]

async function offersFor(
  before: readonly string[],
  typing: string,
  client: Client,
): Promise<{ offers: readonly Offer[]; directive: number }> {
  const command = commands.find(({ name }) => name === before.slice(0, name.split(' ').length).join(' '))
  if (command === undefined) return { offers: commandNames(before), directive: noFiles }
  if (typing.startsWith('-')) return { offers: flags(command), directive: noFiles }
  if (command.completes === 'file') return { offers: [], directive: filesToo }
  const names = command.completes === undefined ? [] : await namesFor(command.completes, typing, client)
  return { offers: names.map((name) => [name, ''] as const), directive: noFiles }
}

function commandNames(before: readonly string[]): readonly Offer[] {
  if (before.length === 0) {
    const seen = new Map<string, string>()
    for (const { name, summary } of commands) {
      const [first = '', second] = name.split(' ')
      if (!seen.has(first)) seen.set(first, second === undefined ? summary : `${first} commands`)
    }
    return [...seen]
  }
  const prefix = `${before.join(' ')} `
  return commands
    .filter(({ name }) => name.startsWith(prefix))
    .map(({ name, summary }) => [name.slice(prefix.length), summary] as const)
}

const flags = (command: Command): readonly Offer[] => optionsOf(command).map(({ name, text }) => [`--${name}`, text])

/** Completion never complains: without an agent, or without the right to ask, there is nothing to offer. */
async function namesFor(
  wanted: 'workload' | 'reference' | 'target',
  typing: string,
  client: Client,
): Promise<readonly string[]> {
  const ask = (level: 'status' | 'root') =>
    client.json<NamesAnswer>({ level, path: '/v1/names', signal: AbortSignal.timeout(1000) }).catch(() => undefined)
  const workloads = wanted === 'reference' ? [] : ((await ask('status'))?.workloads ?? [])
  const references = wanted === 'workload' ? [] : ((await ask('root'))?.references ?? [])
  // Paths of the local vault are offered as people type them.
  const shown = typing.startsWith('dso:') ? references : references.map((name) => name.replace(/^dso:\/\/local\//, ''))
  return [...workloads, ...shown]
}
