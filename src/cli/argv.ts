import { nearest } from '../core/nearest.ts'
import { type Command, type Option, Usage } from './command.ts'

/** What docker's own global flags in front of `dso` said about where the engine is. */
export interface DockerFlags {
  readonly host?: string
  readonly context?: string
  readonly config?: string
}

const valued = new Map([
  ['--config', 'config'],
  ['--context', 'context'],
  ['-c', 'context'],
  ['--host', 'host'],
  ['-H', 'host'],
  ['--log-level', ''],
  ['-l', ''],
  ['--tlscacert', ''],
  ['--tlscert', ''],
  ['--tlskey', ''],
])

/**
 * Docker hands a plugin the whole command line: its global flags, then the plugin's name (source: docker/cli,
 * cli-plugins). Started alone the program gets neither.
 */
export function withoutDocker(argv: readonly string[]): { docker: DockerFlags; words: readonly string[] } {
  const docker: Record<string, string> = {}
  let at = 0
  for (; at < argv.length; at += 1) {
    const { flag, value } = flagOf(argv[at] ?? '')
    if (!flag.startsWith('-') || flag === '--help' || flag === '-h') break
    const means = valued.get(flag)
    if (means === undefined) {
      if (flag !== '--debug' && flag !== '-D' && !flag.startsWith('--tls')) break
      continue
    }
    if (value === undefined) at += 1
    if (means !== '') docker[means] = value ?? argv[at] ?? ''
  }
  const words = argv.slice(at)
  if (words[0] === 'dso') return { docker, words: words.slice(1) }
  const second = words[0] === 'help' || words[0] === '__complete' || words[0] === '__completeNoDesc'
  return { docker, words: second && words[1] === 'dso' ? [words[0] ?? '', ...words.slice(2)] : words }
}

function flagOf(word: string): { flag: string; value?: string } {
  if (word.startsWith('--')) {
    const equals = word.indexOf('=')
    return equals < 0 ? { flag: word } : { flag: word.slice(0, equals), value: word.slice(equals + 1) }
  }
  if (/^-[cHl]./.test(word)) return { flag: word.slice(0, 2), value: word.slice(2).replace(/^=/, '') }
  return { flag: word }
}

const everywhere: readonly Option[] = [
  { name: 'json', text: 'print JSON' },
  { name: 'help', short: 'h', text: 'show this help' },
]

/** Every option a command takes, those of all commands last. */
export const optionsOf = (command: Command): readonly Option[] => [...command.options, ...everywhere]

/** Takes options and arguments apart. Throws Usage with the nearest name for an option that does not exist. */
export function parse(command: Command, words: readonly string[]): { args: string[]; options: Map<string, string> } {
  const args: string[] = []
  const options = new Map<string, string>()
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? ''
    if (word === '--') {
      args.push(...words.slice(at + 1))
      break
    }
    if (!word.startsWith('-') || word === '-') {
      args.push(word)
      continue
    }
    const { option, value } = optionOf(command, word)
    if (option.value === undefined && value !== undefined) throw wrong(command, `--${option.name} takes no value`)
    const takesNext = option.value !== undefined && option.bare === undefined && value === undefined
    if (takesNext && at + 1 >= words.length) throw wrong(command, `--${option.name} needs ${option.value}`)
    if (takesNext) at += 1
    options.set(option.name, value ?? (takesNext ? (words[at] ?? '') : (option.bare ?? '')))
  }
  return { args, options }
}

function optionOf(command: Command, word: string): { option: Option; value?: string } {
  const { flag, value } = flagOf(word)
  const known = optionsOf(command)
  const option = known.find(({ name, short }) => flag === `--${name}` || (short !== undefined && flag === `-${short}`))
  if (option !== undefined) return value === undefined ? { option } : { option, value }
  const near = nearest(
    flag.replace(/^-+/, ''),
    known.map(({ name }) => name),
  )
  throw wrong(command, `there is no option ${flag}${near === undefined ? '' : ` (nearest: --${near})`}`)
}

/** The sentence for wrong usage of `command`. */
export const wrong = (command: Pick<Command, 'name'>, what: string): Usage =>
  new Usage(`dso: ${command.name}: ${what}: see docker dso ${command.name} --help`)
