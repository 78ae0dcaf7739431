import type { SecretListing } from '../../core/api.ts'
import type { Command } from '../command.ts'
import { ago, json, table } from '../print.ts'

export const secretList: Command = {
  name: 'secret list',
  usage: '[PREFIX]',
  summary: 'List the secrets of the local vault, without values',
  examples: [
    ['docker dso secret list', 'all of them'],
    ['docker dso secret list shop/', 'those whose path begins so'],
  ],
  options: [],
  least: 0,
  most: 1,
  completes: 'reference',
  run: async ({ args, terminal, client, json: asJson }) => {
    const prefix = (args[0] ?? '').replace(/^dso:\/\/local\//, '')
    const query: [string, string][] = [['prefix', prefix]]
    const secrets = await client.json<readonly SecretListing[]>({ level: 'root', path: '/v1/secrets', query })
    if (asJson) terminal.out(json(secrets))
    else if (secrets.length === 0) terminal.out('no secrets\n')
    else {
      const now = Date.now()
      const rows = secrets.map(({ path, version, changedAt, fields }) => [
        path,
        String(version),
        ago(changedAt, now),
        fields === undefined ? '(one value)' : fields.join(', '),
      ])
      terminal.out(table(heading, rows, terminal.columns()))
    }
    return 0
  },
}

const heading = [
  { title: 'PATH', least: 16 },
  { title: 'VERSION', right: true },
  { title: 'CHANGED', least: 10 },
  { title: 'FIELDS', least: 12 },
]
