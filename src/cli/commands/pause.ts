import type { Command } from '../command.ts'
import { json } from '../print.ts'

const turning = (name: 'pause' | 'resume', summary: string, text: string, all: string): Command => ({
  name,
  usage: '[WORKLOAD]',
  summary,
  text,
  examples: [
    [`docker dso ${name} shop/api`, 'one workload'],
    [`docker dso ${name}`, all],
  ],
  options: [],
  least: 0,
  most: 1,
  completes: 'workload',
  run: async ({ args, terminal, client, json: asJson }) => {
    const query: [string, string][] = args.map((workload) => ['workload', workload])
    const answer = await client.json<{ readonly paused: readonly string[] }>({
      level: 'control',
      method: 'POST',
      path: `/v1/${name}`,
      query,
    })
    const paused = answer.paused.map((one) => (one === '*' ? 'everything' : one)).join(', ')
    terminal.out(asJson ? json(answer) : `${paused === '' ? 'nothing is paused' : `paused: ${paused}`}\n`)
    return 0
  },
})

export const pause = turning(
  'pause',
  'Leave running containers as they are until resume',
  'Changes wait; containers that start meanwhile still get current values.',
  'every workload',
)

export const resume = turning(
  'resume',
  'End a pause: what waited is done now',
  'Without WORKLOAD every pause ends.',
  'every pause',
)
