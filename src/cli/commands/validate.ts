import { type Command, Usage } from '../command.ts'

export const validate: Command = {
  name: 'validate',
  usage: '[FILE...]',
  summary: 'Check dso.yaml and the labels of Compose files, without an agent',
  text: 'Without FILE: /etc/dso/dso.yaml, and compose.yaml or docker-compose.yml here, as far as they exist.',
  examples: [
    ['docker dso validate', 'the configuration of this host and the Compose file of this folder'],
    ['docker dso validate compose.yaml --format json', 'for programs; exit status 8 on a finding'],
  ],
  options: [
    { name: 'format', value: 'FORMAT', text: 'text or json (github and sarif are not in this version)' },
    { name: 'online', text: 'not in this version' },
  ],
  least: 0,
  most: Number.POSITIVE_INFINITY,
  completes: 'file',
  run: async ({ args, options, terminal, parts, json }) => {
    if (options.has('online')) {
      throw new Usage('dso: validate: --online is not in this version: whether a secret exists is seen at the start')
    }
    const format = options.get('format') ?? (json ? 'json' : 'text')
    if (format === 'github' || format === 'sarif') {
      throw new Usage(`dso: validate: --format ${format} is not in this version: use text or json`)
    }
    if (format !== 'text' && format !== 'json') throw new Usage('dso: validate: --format is text or json')
    const { validate: check } = await parts.validate()
    return check(args, format, terminal)
  },
}
