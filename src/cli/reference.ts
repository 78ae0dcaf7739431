import { Failure } from '../core/failure.ts'
import type { Reference } from '../core/model.ts'
import { parseReference, printReference } from '../core/reference.ts'
import { Usage } from './command.ts'

/** REF on the command line: a reference, or a path of `local` (`shop/db#password`). Throws BAD_REFERENCE. */
export function referenceOf(text: string): Reference {
  return parseReference(text.startsWith('dso:') ? text : `dso://local/${text}`)
}

/** REF in its one spelling. */
export const canonical = (text: string): string => printReference(referenceOf(text))

/** REF that is to be written: of `local`, without a version, naming one thing. Throws Usage, BAD_REFERENCE. */
export function writable(text: string, command: string): Reference {
  const reference = referenceOf(text)
  const wrong = (what: string) => new Usage(`dso: ${command}: ${printReference(reference)} ${what}`)
  if (reference.source !== 'local') {
    throw wrong(`is not in local: dso writes only its own vault, set it where ${reference.source} keeps it`)
  }
  if (reference.query.length > 0) throw wrong('names a version: leave out the query, a new version is made')
  if (reference.wildcard !== undefined) throw wrong('is a wildcard: name one secret or one field')
  if (reference.field.length > 1) throw wrong('names a place inside a field: name the field')
  return reference
}

/**
 * The REFs of `secret set`. A value on the command line would stand in the shell's history and in /proc, and this is
 * the command where people try it: what looks like one is refused and never repeated.
 */
export function writables(words: readonly string[], command: string): readonly Reference[] {
  const [first = '', ...others] = words
  if (looksLikeAssignment(first) || others.some((word) => !namesReference(word))) throw valueGiven(command)
  return [first, ...others].map((word, at) => {
    try {
      return writable(word, command)
    } catch (error) {
      if (at > 0 && error instanceof Failure) throw valueGiven(command)
      throw error
    }
  })
}

const looksLikeAssignment = (word: string): boolean => !word.startsWith('dso:') && /^[^?]*=/.test(word)

const namesReference = (word: string): boolean =>
  word.startsWith('dso://') || (/[/#]/.test(word) && !looksLikeAssignment(word))

const valueGiven = (command: string): Usage =>
  new Usage(
    `dso: ${command}: a value never stands on the command line, where the shell's history and every user's ps show it: type it at the prompt, or give it on standard input: docker dso ${command} REF < FILE (a second REF is written dso://local/...)`,
  )
