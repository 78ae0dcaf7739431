import type { Reference } from '../../core/model.ts'
import { printReference } from '../../core/reference.ts'
import type { Secret } from '../../store/secret.ts'
import { type Call, type Command, Usage } from '../command.ts'
import { json } from '../print.ts'
import { protect } from '../protect.ts'
import { writables } from '../reference.ts'
import { endsInNewline, generated, piped, prompted, spending } from '../value.ts'

const name = 'secret set'

export const secretSet: Command = {
  name,
  usage: 'REF...',
  summary: 'Set a secret or a field: typed at a prompt, from standard input, or generated',
  text: `REF is a path of the local vault, with or without a field (shop/db, shop/db#password), or a whole
reference. Standard input is taken exactly, a newline at its end included, for one REF. Other fields
of the secret stay as they are. Containers that use it get the new value at once. Needs root.`,
  examples: [
    ['docker dso secret set shop/db#password', 'type it, unseen, twice'],
    ['printf %s "$PASSWORD" | docker dso secret set shop/db#password', 'from standard input, without a newline'],
    ['docker dso secret set shop/tls#key < key.pem', 'a file'],
    ['docker dso secret set shop/db#password shop/redis#password --generate', 'new random values, never shown'],
    ['docker dso secret set shop/db --fields < db.json', 'all fields at once, from a JSON object'],
  ],
  options: [
    { name: 'generate', value: '32', bare: '32', text: 'a random value of so many characters for each REF' },
    { name: 'fields', text: 'standard input is a JSON object: it replaces all fields of the secret' },
  ],
  least: 1,
  most: Number.POSITIVE_INFINITY,
  completes: 'reference',
  run: async (call) => {
    const references = writables(call.args, name)
    const value = valuesFor(call, references)
    await protect()
    const done: { reference: string; version: number }[] = []
    for (const reference of references) done.push(await store(call, reference, await value(reference)))
    if (call.json) call.terminal.out(json(done))
    return 0
  },
}

/** Where the values come from. Throws Usage for options that do not go together. */
function valuesFor(call: Call, references: readonly Reference[]): (reference: Reference) => Promise<Secret> {
  const { terminal, options } = call
  const one = references.length === 1
  const generate = options.get('generate')
  if (options.has('fields')) {
    if (generate !== undefined) throw new Usage(`dso: ${name}: --fields and --generate exclude each other`)
    const [reference] = references
    if (!one || reference?.field.length !== 0) {
      throw new Usage(`dso: ${name}: --fields replaces one whole secret: give one REF without a field`)
    }
    return () => piped(terminal)
  }
  if (generate !== undefined) {
    const count = Number(generate)
    if (!Number.isInteger(count) || count < 8 || count > 4096) {
      throw new Usage(`dso: ${name}: --generate takes 8 to 4096 characters`)
    }
    return async () => generated(count)
  }
  if (terminal.asks) return (reference) => prompted(terminal, printReference(reference), name)
  if (one) return () => piped(terminal)
  throw new Usage(
    `dso: ${name}: standard input gives the value of one REF only: set them one by one, or use --generate`,
  )
}

async function store(call: Call, reference: Reference, value: Secret): Promise<{ reference: string; version: number }> {
  const ref = printReference(reference)
  const newline = endsInNewline(value)
  const query: [string, string][] = [['ref', ref]]
  if (call.options.has('fields')) query.push(['fields', '1'])
  const answer = await spending(value, (body) =>
    call.client.json<{ version: number }>({ level: 'root', method: 'PUT', path: '/v1/secret', query, body }),
  )
  if (!call.json) call.terminal.out(`${ref} is set (version ${answer.version})\n`)
  if (newline && !call.options.has('fields')) {
    call.terminal.err(`dso: ${ref}: the value ends in a newline and is delivered so\n`)
  }
  return { reference: ref, version: answer.version }
}
