import type { CheckLine } from '../../core/api.ts'
import type { Command } from '../command.ts'
import { json, paint, wrapped } from '../print.ts'

export const doctor: Command = {
  name: 'doctor',
  usage: '',
  summary: 'Check every assumption that DSO rests on, each with a remedy',
  examples: [['docker dso doctor', 'exit status 8 when something fails; run it as root to see everything']],
  options: [],
  least: 0,
  most: 0,
  run: async ({ terminal, client, parts, json: asJson }) => {
    const { doctor: examine } = await parts.doctor()
    const agentChecks = (signal: AbortSignal) =>
      client.json<readonly CheckLine[]>({ level: 'status', path: '/v1/checks', signal })
    const program = process.argv[1] ?? ''
    const checks = await examine({ agentChecks, env: terminal.env, program }, terminal.ended)
    if (asJson) terminal.out(json(checks))
    else for (const check of checks) terminal.out(line(check, terminal.columns() ?? 80, terminal.colour))
    return checks.some(({ state }) => state === 'fail') ? 8 : 0
  },
}

const colours = { ok: 'green', warn: 'yellow', fail: 'red' } as const

function line({ name, state, found, remedy }: CheckLine, width: number, colour: boolean): string {
  const head = paint({ colour }, colours[state], state.padEnd(4))
  const body = wrapped(`${name}: ${found}`, width - 6, '      ')
  return `${head}  ${body}\n${remedy === undefined ? '' : `      ${wrapped(`-> ${remedy}`, width - 6, '         ')}\n`}`
}
