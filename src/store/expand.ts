import { Failure } from '../core/failure.ts'
import type { Asked, Binding, Expansion, Reference } from '../core/model.ts'
import { printReference } from '../core/reference.ts'
import type { Content } from './content.ts'
import { sortedNames } from './json-text.ts'

/** Most files that `dso.secret.*` makes. */
const MOST = 256
const FILE_NAME = /^(?!\.{1,2}$)(?!\.\.)[A-Za-z0-9._-]{1,255}$/

/** What an expansion stands for now: of a path the secrets directly below it, of a secret its fields. */
export type Members = (expansion: Expansion) => {
  readonly names: readonly string[]
  readonly of: 'children' | 'fields'
}

/**
 * All bindings, those of expansions among them; a binding of a file's own wins. Throws Failure BAD_LABEL for names that
 * are no file names, for two secrets that would be one file, and for more than 256 files.
 */
export function expand(asked: Asked, members: Members): readonly Binding[] {
  const named = new Set(asked.bindings.map(({ file }) => file))
  const made = new Map<string, Binding>()
  for (const expansion of asked.expansions) {
    const { names, of } = members(expansion)
    const files = names.filter((name) => !named.has(name))
    refuseBadNames(expansion, files)
    for (const file of files) {
      if (made.has(file))
        throw refused(expansion, `makes ${file}, which another label makes too`, 'ask for one of them')
      made.set(file, bindingOf(expansion, file, of))
    }
    if (made.size > MOST)
      throw refused(expansion, `makes more than ${MOST} files`, 'ask for the files by labels of their own')
  }
  return [...asked.bindings, ...made.values()]
}

/** The fields of a content. Throws Failure FIELD_NOT_FOUND for one that has none. */
export function fieldNames(content: Content, { path }: Reference): string[] {
  if (content.kind === 'fields') return sortedNames(content.fields)
  throw new Failure('FIELD_NOT_FOUND', `${path} is one value and has no fields`, 'ask for it by dso.secret.FILE')
}

function bindingOf(expansion: Expansion, file: string, of: 'children' | 'fields'): Binding {
  const { reference, mode, uid, gid } = expansion
  const { source, path, query } = reference
  const wanted: Reference =
    of === 'children'
      ? { source, path: `${path}/${file}`, query: [], field: [] }
      : { source, path, query, field: [file] }
  const value = { kind: 'insert', insert: { reference: wanted, filters: [] } } as const
  return { file, value, mode, uid, gid, ...expansion.perFile[file] }
}

function refuseBadNames(expansion: Expansion, files: readonly string[]): void {
  const bad = files.filter((file) => !FILE_NAME.test(file))
  if (bad.length === 0) return
  const shown = bad.slice(0, 5).join(', ') + (bad.length > 5 ? ` and ${bad.length - 5} more` : '')
  throw refused(expansion, `has names that are no file names: ${shown}`, 'ask for those by labels of their own')
}

const refused = ({ reference }: Expansion, what: string, remedy: string): Failure =>
  new Failure('BAD_LABEL', `dso.secret.* (${printReference(reference)}) ${what}`, remedy)
