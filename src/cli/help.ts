import { optionsOf } from './argv.ts'
import type { Command, Option } from './command.ts'
import { commands } from './commands/index.ts'
import { columns } from './print.ts'

/** Help of one command: usage, what it does, options, examples. */
export function commandHelp(command: Command): string {
  const usage = ['docker dso', command.name, command.usage, '[OPTIONS]'].filter((word) => word !== '').join(' ')
  const parts = [`Usage:  ${usage}`, command.summary]
  if (command.text !== undefined) parts.push(command.text)
  parts.push(`Options:\n${columns(optionsOf(command).map((option) => [optionName(option), option.text]))}`)
  if (command.examples.length > 0) {
    parts.push(`Examples:\n${command.examples.map(([line, what]) => `  # ${what}\n  ${line}`).join('\n')}`)
  }
  return `${parts.join('\n\n')}\n`
}

function optionName({ name, short, value, bare }: Option): string {
  const takes = value === undefined ? '' : bare === undefined ? ` ${value}` : `[=${value}]`
  return `${short === undefined ? '    ' : `-${short}, `}--${name}${takes}`
}

/** Help of a group such as `secret`. */
export const groupHelp = (group: string, members: readonly Command[]): string =>
  `Usage:  docker dso ${group} COMMAND\n\nCommands:\n${listed(members)}\n\nSee docker dso ${group} COMMAND --help.\n`

/** Help of the whole program. */
export const programHelp = (): string => `Usage:  docker dso COMMAND

Docker Secret Operator: secrets in RAM before the process starts, changed without a restart.

Commands:
${listed(commands)}

See docker dso COMMAND --help. Exit status: 0 done, 1 unexpected, 2 wrong usage, file or label,
3 no such secret, field or workload, 4 denied, 5 source unreachable, 6 agent unreachable or
locked, 7 rolled back, 8 findings.
`

const listed = (members: readonly Command[]): string => columns(members.map(({ name, summary }) => [name, summary]))
