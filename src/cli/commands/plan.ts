import type { PlanAnswer } from '../../core/api.ts'
import type { Plan, Step } from '../../core/step.ts'
import type { Command } from '../command.ts'
import { json, plural, wrapped } from '../print.ts'

export const plan: Command = {
  name: 'plan',
  usage: '[WORKLOAD|REF]',
  summary: 'Show what would be done now, why, and what it would interrupt; changes nothing',
  examples: [
    ['docker dso plan', 'for everything'],
    ['docker dso plan shop/api', 'for one workload'],
    ['docker dso plan dso://local/shop/db --check', 'exit status 8 when something is to be done'],
  ],
  options: [{ name: 'check', text: 'exit with 8 when something is to be done' }],
  least: 0,
  most: 1,
  completes: 'target',
  run: async ({ args, options, terminal, client, json: asJson }) => {
    const query: [string, string][] = args.map((target) => ['target', target])
    const answer = await client.json<PlanAnswer>({ level: 'status', path: '/v1/plan', query })
    terminal.out(asJson ? json(answer) : printed(answer, terminal.columns() ?? 80))
    return options.has('check') && answer.plans.length > 0 ? 8 : 0
  },
}

function printed({ plans, unchanged }: PlanAnswer, width: number): string {
  const parts = plans.map((one) => planText(one, width))
  const rest = plural(unchanged.length, 'workload')
  parts.push(
    unchanged.length === 0 && plans.length > 0
      ? ''
      : `nothing to do for ${rest}${unchanged.length > 0 && unchanged.length <= 8 ? `: ${unchanged.join(', ')}` : ''}\n`,
  )
  return parts.join('')
}

function planText({ workload, cause, strategy, reason, steps }: Plan, width: number): string {
  const lines = [
    wrapped(`${workload}: ${cause}`, width, '  '),
    `  ${wrapped(`${strategy}: ${reason}`, width - 2, '    ')}`,
    ...steps.map((step, at) => `  ${at + 1}. ${wrapped(stepText(step), width - 5, '     ')}`),
    `  interrupts: ${interrupts(steps)}`,
  ]
  return `${lines.join('\n')}\n`
}

function stepText(step: Step): string {
  switch (step.kind) {
    case 'renew':
      return `put ${plural(step.to.bindings.length, 'file')} in place for ${short(step.container)} in one rename${step.signal === undefined ? '' : `, then send ${step.signal}`}`
    case 'watch':
      return `watch ${step.containers.map(short).join(', ')} until healthy; if not, put the old files back`
    case 'prove':
      return 'keep the new files as the way back from here on'
    case 'start':
      return `start ${short(step.container)}`
    case 'empty':
      return `empty the files that ${short(step.holder)} holds without being authorised`
  }
}

/** Ids are shown as docker shows them. */
const short = (name: string): string => (/^[0-9a-f]{64}$/.test(name) ? name.slice(0, 12) : name)

function interrupts(steps: readonly Step[]): string {
  const told = steps.flatMap((step) =>
    step.kind === 'renew' && step.signal !== undefined ? [short(step.container)] : [],
  )
  return told.length === 0 ? 'nothing, no process is stopped' : `no process is stopped; ${told.join(', ')} get a signal`
}
