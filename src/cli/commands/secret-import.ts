import { readFileSync } from 'node:fs'
import { printReference } from '../../core/reference.ts'
import { Secret } from '../../store/secret.ts'
import { type Command, Usage } from '../command.ts'
import { parseEnvFile } from '../env-file.ts'
import { json, plural, wrapped } from '../print.ts'
import { protect } from '../protect.ts'
import { writable } from '../reference.ts'
import { spending } from '../value.ts'

const name = 'secret import'

export const secretImport: Command = {
  name,
  usage: 'PATH FILE.env',
  summary: 'Make the fields of a secret from the lines of an env file',
  text: `One field a line, by Compose's rules of quoting; $ stays as it is and is named. The fields replace the whole
secret. The file is left alone: what was in it counts as leaked until it is rotated.`,
  examples: [['docker dso secret import shop/api .env', 'each variable becomes a field of shop/api']],
  options: [],
  least: 2,
  most: 2,
  run: async ({ args, terminal, client, json: asJson }) => {
    const [path = '', file = ''] = args
    const reference = writable(path, name)
    if (reference.field.length > 0) throw new Usage(`dso: ${name}: give a PATH without a field: each variable is one`)
    await protect()
    const { fields, dollars } = read(file)
    const body = new Secret(Buffer.from(JSON.stringify(Object.fromEntries(fields))))
    const query: [string, string][] = [
      ['ref', printReference(reference)],
      ['fields', '1'],
    ]
    const { version } = await spending(body, (bytes) =>
      client.json<{ version: number }>({ level: 'root', method: 'PUT', path: '/v1/secret', query, body: bytes }),
    )
    const names = [...fields.keys()]
    if (asJson) terminal.out(json({ reference: printReference(reference), version, fields: names, dollars }))
    else terminal.out(report(printReference(reference), version, names, dollars, file))
    return 0
  },
}

function read(file: string): ReturnType<typeof parseEnvFile> {
  try {
    return parseEnvFile(new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file)))
  } catch (error) {
    if (error instanceof Usage) throw new Usage(`dso: ${name}: ${file}: ${error.message}`)
    const code = (error as NodeJS.ErrnoException).code
    throw new Usage(
      `dso: ${name}: ${file}: ${code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code ?? 'not UTF-8'})`}`,
    )
  }
}

function report(
  ref: string,
  version: number,
  names: readonly string[],
  dollars: readonly string[],
  file: string,
): string {
  const lines = [`${ref} holds ${plural(names.length, 'field')} (version ${version}): ${names.join(', ')}`]
  if (dollars.length > 0)
    lines.push(`A $ was taken as it stands, nothing was put in its place, in: ${dollars.join(', ')}`)
  lines.push(
    `What was in ${file} counts as leaked until you rotate it: it may be in backups, in git and on the disk's free blocks.`,
    `Remove the file: shred -u ${file}; look for it in git: git log --all -- ${file}; then set new values at what they open.`,
  )
  return lines.map((line) => `${wrapped(line, 100, '  ')}\n`).join('')
}
