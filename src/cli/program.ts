import { nearest } from '../core/nearest.ts'
import { parse, withoutDocker, wrong } from './argv.ts'
import { createClient } from './client.ts'
import { type Command, Usage } from './command.ts'
import { commands } from './commands/index.ts'
import { complete } from './complete.ts'
import { refuseRemote } from './context.ts'
import { told } from './errors.ts'
import { commandHelp, groupHelp, programHelp } from './help.ts'
import type { Parts } from './parts.ts'
import type { Terminal } from './terminal.ts'

/** What docker asks a plugin first (source: docker/cli, cli-plugins/manager). dist/docker-dso answers the same by itself. */
export const metadata = (version: string): string =>
  `${JSON.stringify({
    SchemaVersion: '0.1.0',
    Vendor: 'DSO',
    Version: version,
    ShortDescription: 'Docker Secret Operator',
  })}\n`

/** Runs one command line to its exit status. Never throws: what goes wrong is told on standard error. */
export async function run(argv: readonly string[], terminal: Terminal, parts: Parts): Promise<number> {
  try {
    const { docker, words } = withoutDocker(argv)
    const [first = ''] = words
    if (first === 'docker-cli-plugin-metadata') {
      const { version } = await import('../core/version.ts')
      terminal.out(metadata(version))
      return 0
    }
    const client = createClient(terminal.env)
    if (first === '__complete' || first === '__completeNoDesc') {
      terminal.out(await complete(words.slice(1), client))
      return 0
    }
    const wanted = first === 'help' ? words.slice(1) : words
    const command = commandOf(wanted)
    const asksHelp = first === 'help' || beforeDashes(wanted).some((word) => word === '--help' || word === '-h')
    if (command === undefined) return overview(wanted, terminal)
    if (asksHelp) {
      terminal.out(commandHelp(command))
      return 0
    }
    const { args, options } = parse(command, wanted.slice(command.name.split(' ').length))
    checkCount(command, args)
    if (command.name !== 'version') await refuseRemote(docker, terminal.env)
    return await command.run({ args, options, json: options.has('json'), terminal, client, parts })
  } catch (error) {
    const { line, exit } = told(error)
    if (line !== '') terminal.err(`${line}\n`)
    return exit
  }
}

function commandOf(words: readonly string[]): Command | undefined {
  const [first = '', second = ''] = words
  return commands.find(({ name }) => name === `${first} ${second}`) ?? commands.find(({ name }) => name === first)
}

const beforeDashes = (words: readonly string[]): readonly string[] => {
  const at = words.indexOf('--')
  return at < 0 ? words : words.slice(0, at)
}

/** Help for no command or a group of commands; throws Usage with the nearest name for anything else. */
function overview(words: readonly string[], terminal: Terminal): number {
  const [first = '', second] = words
  if (first === '' || first === '--help' || first === '-h') {
    terminal.out(programHelp())
    return 0
  }
  const group = commands.filter(({ name }) => name.startsWith(`${first} `))
  if (group.length > 0 && (second === undefined || second.startsWith('-'))) {
    terminal.out(groupHelp(first, group))
    return second === undefined ? 2 : 0
  }
  const asked = group.length > 0 ? `${first} ${second}` : first
  const near = nearest(
    asked,
    commands.flatMap(({ name }) => [name, name.split(' ')[0] ?? name]),
  )
  const hint = near === undefined ? '' : ` (nearest: ${near})`
  throw new Usage(`dso: there is no command ${asked}${hint}: see docker dso --help`)
}

function checkCount(command: Command, args: readonly string[]): void {
  if (args.length >= command.least && args.length <= command.most) return
  const what = args.length < command.least ? `${command.usage} is missing` : `too many arguments`
  throw wrong(command, what)
}
