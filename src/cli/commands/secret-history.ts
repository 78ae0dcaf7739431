import type { SecretVersion } from '../../core/api.ts'
import type { Command } from '../command.ts'
import { ago, json, table } from '../print.ts'
import { canonical } from '../reference.ts'

export const secretHistory: Command = {
  name: 'secret history',
  usage: 'REF',
  summary: 'List the versions of a secret that are kept',
  examples: [['docker dso secret history shop/db', 'versions, the newest first']],
  options: [],
  least: 1,
  most: 1,
  completes: 'reference',
  run: async ({ args, terminal, client, json: asJson }) => {
    const query: [string, string][] = [['ref', canonical(args[0] ?? '')]]
    const versions = await client.json<readonly SecretVersion[]>({ level: 'root', path: '/v1/history', query })
    if (asJson) {
      terminal.out(json(versions))
      return 0
    }
    const now = Date.now()
    const rows = [...versions]
      .sort((a, b) => b.version - a.version)
      .map(({ version, createdAt, current }) => [String(version), ago(createdAt, now), current ? 'current' : ''])
    terminal.out(table([{ title: 'VERSION', right: true }, { title: 'MADE' }, { title: '' }], rows, terminal.columns()))
    return 0
  },
}
