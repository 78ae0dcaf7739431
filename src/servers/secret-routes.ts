import type { SecretAbout } from '../core/api.ts'
import { Failure } from '../core/failure.ts'
import type { Reference } from '../core/model.ts'
import { parseReference, pinnedVersion, printReference } from '../core/reference.ts'
import { sourceExists } from '../core/settings.ts'
import type { Content } from '../store/content.ts'
import { extract } from '../store/extract.ts'
import type { Secret } from '../store/secret.ts'
import { type Answer, type Asked, json } from './answer.ts'
import type { ControlParts, ServedVault } from './parts.ts'
import type { Route } from './routes.ts'

/** Most bytes of a passphrase. */
const longestPassphrase = 4096

/** Whatever takes or gives a value: root.sock alone. */
export function secretRoutes(parts: ControlParts): Record<string, Route> {
  const { vault } = parts
  const at = (answer: Route['answer']): Route => ({ level: 'root', answer })
  return {
    'PUT /v1/secret': at((asked) => put(parts, asked)),
    'GET /v1/secret': at(({ query }) => value(parts, readable(query))),
    'GET /v1/secret/about': at(({ query }) => json(about(parts, readable(query)))),
    'DELETE /v1/secret': at(async ({ query }) => {
      await vault.delete(ofLocal(query).path, { purge: query.get('purge') === '1' })
      return json({})
    }),
    'GET /v1/secrets': at(({ query }) => json(vault.list(query.get('prefix') ?? ''))),
    'GET /v1/history': at(({ query }) => json(vault.history(ofLocal(query).path))),
    'POST /v1/rollback': at(async ({ query }) => {
      const version = query.get('version')
      const { path } = ofLocal(query)
      return json({ version: await (version === null ? vault.rollback(path) : vault.rollback(path, Number(version))) })
    }),
    'POST /v1/unlock': at((asked) => unlock(vault, asked)),
    'root GET /v1/names': at(async () => {
      const { workloads, references } = await parts.names()
      return json({ workloads, references })
    }),
  }
}

async function put({ vault, maxValueBytes }: ControlParts, asked: Asked): Promise<Answer> {
  const { path, field } = ofLocal(asked.query)
  const value = await asked.body(maxValueBytes())
  try {
    if (asked.query.get('fields') === '1') return json({ version: await vault.setFields(path, value) })
    return json({ version: await vault.set(path, field[0], value) })
  } finally {
    value.wipe()
  }
}

async function unlock(vault: ServedVault, asked: Asked): Promise<Answer> {
  const passphrase = await asked.body(longestPassphrase)
  try {
    const acceptOlder = asked.query.get('accept_older') === '1'
    await vault.unlock(passphrase.length === 0 ? undefined : passphrase, { acceptOlder })
    return json(vault.state())
  } finally {
    passphrase.wipe()
  }
}

function value({ vault, maxValueBytes }: ControlParts, reference: Reference): Answer {
  const { content } = vault.read(reference.path, pinnedVersion(reference))
  return { kind: 'secret', secret: extract(content, reference, maxValueBytes()) }
}

function about({ vault, maxValueBytes }: ControlParts, reference: Reference): SecretAbout {
  const { version, content } = vault.read(reference.path, pinnedVersion(reference))
  const head = { reference: printReference(reference), version }
  if (content.kind === 'fields' && reference.field.length === 0) {
    const fields = [...content.fields].map(([name, field]) => ({ name, ...factsOf(field.value) }))
    return { ...head, ...total(content), fields: fields.sort((a, b) => (a.name < b.name ? -1 : 1)) }
  }
  const secret = extract(content, reference, maxValueBytes())
  const facts = factsOf(secret)
  secret.wipe()
  return { ...head, ...facts }
}

const factsOf = (secret: Secret): { bytes: number; endsInNewline: boolean } => ({
  bytes: secret.length,
  endsInNewline: secret.reveal((bytes) => bytes.at(-1) === 10),
})

function total(content: Content & { kind: 'fields' }): { bytes: number; endsInNewline: boolean } {
  const bytes = [...content.fields.values()].reduce((sum, field) => sum + field.value.length, 0)
  return { bytes, endsInNewline: false }
}

/** The reference of a request that reads. Throws SOURCE_UNKNOWN for a source that is not configured. */
function readable(query: URLSearchParams): Reference {
  const reference = parseReference(query.get('ref') ?? '')
  if (reference.wildcard !== undefined) {
    throw new Failure('BAD_REFERENCE', `${printReference(reference)} stands for many`, 'name one secret or one field')
  }
  if (sourceExists(reference)) return reference
  throw new Failure('SOURCE_UNKNOWN', `there is no source ${reference.source}`, 'only local is in this version')
}

/** The reference of a request that writes, or asks for versions: all of the local vault. */
function ofLocal(query: URLSearchParams): Reference {
  const reference = readable(query)
  if (reference.query.length === 0 && reference.field.length <= 1) return reference
  throw new Failure(
    'BAD_REFERENCE',
    `${printReference(reference)} cannot be written`,
    'name a secret or one field, no version',
  )
}
