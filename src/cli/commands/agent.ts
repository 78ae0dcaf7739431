import type { Command } from '../command.ts'
import { protect } from '../protect.ts'

export const agent: Command = {
  name: 'agent',
  usage: '',
  summary: 'Run the agent in the foreground (systemd does this by dso.service)',
  text: 'It needs root and runs until SIGTERM. /etc/dso/dso.yaml is read if it is there, and again when it changes.',
  examples: [
    ['docker dso agent', 'run it with /etc/dso/dso.yaml or, without one, with the defaults'],
    ['docker dso agent --config /etc/dso/test.yaml', 'run it with another configuration'],
  ],
  options: [{ name: 'config', value: 'FILE', text: 'the configuration (default /etc/dso/dso.yaml)' }],
  least: 0,
  most: 0,
  run: async ({ options, parts }) => {
    await protect('agent')
    const config = options.get('config')
    const { runAgent } = await parts.agent()
    return runAgent(config === undefined ? {} : { config })
  },
}
