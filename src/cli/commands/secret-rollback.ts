import { printReference } from '../../core/reference.ts'
import { type Command, Usage } from '../command.ts'
import { json } from '../print.ts'
import { writable } from '../reference.ts'

const name = 'secret rollback'

export const secretRollback: Command = {
  name,
  usage: 'REF [VERSION]',
  summary: 'Make an older version of a secret the current one, as a new version',
  examples: [
    ['docker dso secret rollback shop/db', 'back to the version before the current one'],
    ['docker dso secret rollback shop/db 3', 'back to the content of version 3'],
  ],
  options: [],
  least: 1,
  most: 2,
  completes: 'reference',
  run: async ({ args, terminal, client, json: asJson }) => {
    const [ref = '', version] = args
    const reference = writable(ref, name)
    if (reference.field.length > 0) throw new Usage(`dso: ${name}: a secret goes back as a whole: leave out the field`)
    if (version !== undefined && !/^[1-9]\d{0,14}$/.test(version)) {
      throw new Usage(`dso: ${name}: a version is a number: see docker dso secret history ${reference.path}`)
    }
    const query: [string, string][] = [['ref', printReference(reference)]]
    if (version !== undefined) query.push(['version', version])
    const made = await client.json<{ version: number }>({ level: 'root', method: 'POST', path: '/v1/rollback', query })
    const told = `${printReference(reference)} is back${version === undefined ? '' : ` at version ${version}`}`
    terminal.out(asJson ? json(made) : `${told} (as version ${made.version})\n`)
    return 0
  },
}
