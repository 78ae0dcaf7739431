import type { SyncLine } from '../../core/api.ts'
import { failures } from '../../core/failure.ts'
import type { Command } from '../command.ts'
import { plural } from '../print.ts'

export const sync: Command = {
  name: 'sync',
  usage: '[WORKLOAD|REF...]',
  summary: 'Look again now, and make every workload right that is not',
  text: 'Exit status 7 when a change was rolled back (with --wait), else that of the first failure.',
  examples: [
    ['docker dso sync', 'everything'],
    ['docker dso sync shop/api --wait', 'one workload; shows its rollout and waits for the end'],
    ['docker dso sync shop/api --retry', 'try a quarantined version again'],
  ],
  options: [
    { name: 'retry', text: 'release what is quarantined, and try it again' },
    { name: 'wait', text: 'show the rollouts and wait for their end' },
  ],
  least: 0,
  most: Number.POSITIVE_INFINITY,
  completes: 'target',
  run: async ({ args, options, terminal, client, json: asJson }) => {
    const query: [string, string][] = args.map((target) => ['target', target])
    for (const flag of ['retry', 'wait']) if (options.has(flag)) query.push([flag, '1'])
    const request = { level: 'control', method: 'POST', path: '/v1/sync', query, signal: terminal.ended } as const
    let exit = 0
    for await (const line of client.lines<SyncLine>(request)) {
      if (line.kind === 'done') exit = exitOf(line)
      terminal.out(asJson ? `${JSON.stringify(line)}\n` : text(line))
    }
    return exit
  },
}

function exitOf({ rolledBack, failed: [first] }: Extract<SyncLine, { kind: 'done' }>): number {
  if (rolledBack.length > 0) return failures.UNHEALTHY.exit
  return first === undefined ? 0 : failures[first.code].exit
}

function text(line: SyncLine): string {
  if (line.kind === 'progress') {
    // The sentence of a failure names the workload itself.
    const isSentence = line.message.startsWith('dso: ')
    return isSentence ? `${line.message.slice('dso: '.length)}\n` : `${line.workload}: ${line.message}\n`
  }
  const back = line.rolledBack.length === 0 ? '' : `, ${line.rolledBack.length} rolled back`
  const failed = line.failed.length === 0 ? '' : `, ${line.failed.length} failed`
  return `${plural(line.changed, 'workload')} changed, ${line.unchanged} unchanged${back}${failed}\n`
}
