import { createHash } from 'node:crypto'
import type { Binding, Generation, Read, ReadKey } from './model.ts'
import { printValue } from './value.ts'

type Contents = Pick<Generation, 'bindings' | 'reads'>

/**
 * SHA-256 (hex) over the bindings and the marks of the reads: equal exactly when both are, in whatever order they come.
 * Versions do not count by themselves, a mark covers them.
 */
export function fingerprint({ bindings, reads }: Contents): string {
  const what = [
    sortedByFile(bindings).map(({ file, value, mode, uid, gid }) => [
      file,
      value.kind,
      printValue(value),
      mode,
      uid,
      gid,
    ]),
    sortedReads(reads).map(([key, { mark }]) => [key, mark]),
  ]
  return createHash('sha256').update(JSON.stringify(what)).digest('hex')
}

/** A complete set of values, without the values. `endInNewline` names the files of which that is to be told. */
export function makeGeneration(
  bindings: readonly Binding[],
  reads: Readonly<Record<ReadKey, Read>>,
  endInNewline: readonly string[] = [],
): Generation {
  const contents: Contents = { bindings: sortedByFile(bindings), reads: Object.fromEntries(sortedReads(reads)) }
  return {
    ...contents,
    ...(endInNewline.length > 0 && { endInNewline: endInNewline.toSorted() }),
    fingerprint: fingerprint(contents),
  }
}

const sortedByFile = (bindings: readonly Binding[]): readonly Binding[] =>
  bindings.toSorted((a, b) => (a.file < b.file ? -1 : 1))

const sortedReads = (reads: Readonly<Record<ReadKey, Read>>): [ReadKey, Read][] =>
  Object.entries(reads).sort(([a], [b]) => (a < b ? -1 : 1))
