import { printReference } from '../../core/reference.ts'
import { type Command, Usage } from '../command.ts'
import { json } from '../print.ts'
import { writable } from '../reference.ts'

const name = 'secret delete'

export const secretDelete: Command = {
  name,
  usage: 'REF',
  summary: 'Delete a secret; who runs keeps what it has',
  text: `Starts that need it are refused from now on. Containers that ask for all secrets below a path (/*) lose its file, as long
as another is left there. --purge also removes every older copy of it from the vault.`,
  examples: [
    ['docker dso secret delete shop/db', 'delete it'],
    ['docker dso secret delete shop/db --purge', 'and leave nothing of it in the vault file'],
  ],
  options: [{ name: 'purge', text: 'remove every version, from the previous generation of the vault file too' }],
  least: 1,
  most: 1,
  completes: 'reference',
  run: async ({ args, options, terminal, client, json: asJson }) => {
    const reference = writable(args[0] ?? '', name)
    if (reference.field.length > 0) {
      throw new Usage(`dso: ${name}: a secret goes as a whole: set the fields that stay with secret set --fields`)
    }
    const query: [string, string][] = [['ref', printReference(reference)]]
    if (options.has('purge')) query.push(['purge', '1'])
    await client.json({ level: 'root', method: 'DELETE', path: '/v1/secret', query })
    const told = `${printReference(reference)} is ${options.has('purge') ? 'purged' : 'deleted'}`
    terminal.out(asJson ? json({ reference: printReference(reference) }) : `${told}\n`)
    return 0
  },
}
