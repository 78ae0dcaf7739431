import type { ExplainAnswer } from '../../core/api.ts'
import type { Command } from '../command.ts'
import { json, wrapped } from '../print.ts'

export const explain: Command = {
  name: 'explain',
  usage: 'WORKLOAD|VOLUME|REF',
  summary: 'Tell who asks, who decided, what was delivered, what was ignored, and why not',
  examples: [
    ['docker dso explain shop/api', 'a workload'],
    ['docker dso explain shop_api-secrets', 'a volume'],
    ['docker dso explain dso://local/shop/db', 'a secret: who uses it, in which version'],
  ],
  options: [],
  least: 1,
  most: 1,
  completes: 'target',
  run: async ({ args, terminal, client, json: asJson }) => {
    const query: [string, string][] = [['target', args[0] ?? '']]
    const answer = await client.json<ExplainAnswer>({ level: 'status', path: '/v1/explain', query })
    terminal.out(asJson ? json(answer) : printed(answer, terminal.columns() ?? 80))
    return 0
  },
}

const margin = 11

function printed({ subject, kind, lines }: ExplainAnswer, width: number): string {
  const rows = lines.map(({ topic, text }, at) => {
    const head = lines[at - 1]?.topic === topic ? '' : topic
    return `  ${head.padEnd(margin)}${wrapped(text, width - margin - 2, ' '.repeat(margin + 4))}\n`
  })
  return `${kind} ${subject}\n${rows.length === 0 ? '  nothing is known of it\n' : rows.join('')}`
}
