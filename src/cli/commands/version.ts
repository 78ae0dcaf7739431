import type { VersionAnswer } from '../../core/api.ts'
import { version as ours } from '../../core/version.ts'
import type { Command } from '../command.ts'
import { ago, json } from '../print.ts'

export const version: Command = {
  name: 'version',
  usage: '',
  summary: 'Print the versions of this program and of the running agent',
  examples: [['docker dso version', 'both versions; the agent need not run']],
  options: [],
  least: 0,
  most: 0,
  run: async ({ client, terminal, json: asJson }) => {
    const agent = await client.json<VersionAnswer>({ level: 'status', path: '/v1/version' }).catch(() => undefined)
    if (asJson) {
      terminal.out(json({ client: ours, node: process.version, agent: agent ?? null }))
      return 0
    }
    terminal.out(`dso ${ours} (node ${process.version})\n`)
    terminal.out(
      agent === undefined
        ? 'agent: not reachable\n'
        : `agent ${agent.version}, pid ${agent.pid}, started ${ago(agent.startedAt, Date.now())}\n`,
    )
    return 0
  },
}
