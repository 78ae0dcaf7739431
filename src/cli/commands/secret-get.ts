import type { SecretAbout } from '../../core/api.ts'
import type { Command } from '../command.ts'
import { json, plural } from '../print.ts'
import { protect } from '../protect.ts'
import { canonical } from '../reference.ts'

const mask = '********'

export const secretGet: Command = {
  name: 'secret get',
  usage: 'REF',
  summary: 'Show that a secret is there, masked; with --reveal its value',
  text: 'With --reveal the exact bytes go to standard output; on a terminal a newline is added. Needs root.',
  examples: [
    ['docker dso secret get shop/db', 'its fields, their sizes and the version'],
    ['docker dso secret get shop/db#password --reveal', 'the value itself'],
    ['docker dso secret get "shop/db?version=2#password" --reveal', 'an older version'],
  ],
  options: [{ name: 'reveal', text: 'write the value to standard output' }],
  least: 1,
  most: 1,
  completes: 'reference',
  run: async ({ args, options, terminal, client, json: asJson }) => {
    const query: [string, string][] = [['ref', canonical(args[0] ?? '')]]
    if (options.has('reveal')) {
      await protect()
      const bytes = await client.bytes({ level: 'root', path: '/v1/secret', query })
      terminal.out(bytes)
      if (terminal.tty && bytes.at(-1) !== 10) terminal.out('\n')
      return 0
    }
    const about = await client.json<SecretAbout>({ level: 'root', path: '/v1/secret/about', query })
    terminal.out(asJson ? json(about) : masked(about))
    return 0
  },
}

function masked({ version, bytes, endsInNewline, fields }: SecretAbout): string {
  if (fields === undefined) return `${mask}  (${facts(bytes, endsInNewline)}, version ${version})\n`
  const size = Math.max(0, ...fields.map(({ name }) => name.length))
  const lines = fields.map(
    (field) => `${field.name.padEnd(size)}  ${mask}  (${facts(field.bytes, field.endsInNewline)})\n`,
  )
  return `${lines.join('')}version ${version}, ${plural(fields.length, 'field')}\n`
}

const facts = (bytes: number, newline: boolean): string =>
  `${plural(bytes, 'byte')}${newline ? ', ends in a newline' : ''}`
