import type { RolloutRecord } from '../../core/api.ts'
import { type Command, Usage } from '../command.ts'
import { ago, duration, json, table } from '../print.ts'

export const rolloutList: Command = {
  name: 'rollout list',
  usage: '[WORKLOAD]',
  summary: 'List the last rollouts and how they ended',
  examples: [
    ['docker dso rollout list', 'of all workloads'],
    ['docker dso rollout list shop/api', 'of one'],
  ],
  options: [{ name: 'logs', text: 'not in this version: no rollout removes a container' }],
  least: 0,
  most: 1,
  completes: 'workload',
  run: async ({ args, options, terminal, client, json: asJson }) => {
    if (options.has('logs')) {
      throw new Usage(
        'dso: rollout list: --logs is not in this version: no rollout removes a container, see docker logs',
      )
    }
    const query: [string, string][] = args.map((workload) => ['workload', workload])
    const rollouts = await client.json<readonly RolloutRecord[]>({ level: 'status', path: '/v1/rollouts', query })
    if (asJson) terminal.out(json(rollouts))
    else if (rollouts.length === 0) terminal.out('no rollouts yet\n')
    else
      terminal.out(
        table(
          heading,
          rollouts.map((one) => row(one, Date.now())),
          terminal.columns(),
        ),
      )
    return 0
  },
}

const heading = [
  { title: 'WORKLOAD', least: 12 },
  { title: 'STARTED' },
  { title: 'TOOK' },
  { title: 'HOW' },
  { title: 'OUTCOME' },
  { title: 'WHY', least: 16 },
]

const row = (
  { workload, startedAt, endedAt, strategy, outcome, cause, message }: RolloutRecord,
  now: number,
): string[] => [
  workload,
  ago(startedAt, now),
  duration((endedAt === undefined ? now : Date.parse(endedAt)) - Date.parse(startedAt)),
  strategy,
  outcome,
  message ?? cause,
]
