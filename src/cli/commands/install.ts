import { fileURLToPath } from 'node:url'
import { type Call, type Command, Usage } from '../command.ts'

const flags = [
  { name: 'context', text: 'not in this version' },
  { name: 'protect-metadata', text: 'not in this version' },
] as const

export const install: Command = {
  name: 'install',
  usage: '',
  summary: 'Link the docker plugin, and where systemd runs enable the agent',
  text: `Builds nothing and may be run again at any time. It links /usr/local/lib/docker/cli-plugins/docker-dso, and writes
dso.socket (holds the plugin socket from before docker.service) and dso.service. Needs root.`,
  examples: [
    ['docker-dso install', 'do it'],
    ['docker-dso install --dry-run', 'print what would be done'],
  ],
  options: [{ name: 'dry-run', text: 'print what would be done, change nothing' }, ...flags],
  least: 0,
  most: 0,
  run: async (call) => {
    for (const { name } of flags) {
      if (call.options.has(name)) throw new Usage(`dso: install: --${name} is not in this version: leave it out`)
    }
    const { install: act } = await call.parts.install()
    return told(call, (say) => act({ program: program(), dryRun: call.options.has('dry-run'), say }))
  },
}

export const uninstall: Command = {
  name: 'uninstall',
  usage: '',
  summary: 'Undo install; refused while dso volumes exist',
  text: 'Running containers keep the files they have until they end. --purge removes the vault with all secrets. Needs root.',
  examples: [
    ['docker dso uninstall', 'stop the agent, remove units and plugin'],
    ['docker dso uninstall --purge', 'and /var/lib/dso, /etc/dso, /var/log/dso'],
  ],
  options: [
    { name: 'purge', text: 'remove the vault, its key, the configuration and all state' },
    { name: 'dry-run', text: 'print what would be done, change nothing' },
  ],
  least: 0,
  most: 0,
  run: async (call) => {
    const { uninstall: act } = await call.parts.install()
    const o = { purge: call.options.has('purge'), dryRun: call.options.has('dry-run') }
    return told(call, (say) => act({ ...o, say }))
  },
}

/** Where this program lies: the folder of the built files. */
const program = (): string => fileURLToPath(new URL('.', import.meta.url))

async function told({ terminal, json }: Call, act: (say: (line: string) => void) => Promise<void>): Promise<number> {
  const lines: string[] = []
  await act((line) => {
    lines.push(line)
    if (!json) terminal.out(`${line}\n`)
  })
  if (json) terminal.out(`${JSON.stringify({ steps: lines })}\n`)
  return 0
}
