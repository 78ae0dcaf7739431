import type { Generation } from './model.ts'

/** Says which files end in a newline: what reads them as a password may take it for a part of it. Undefined for none. */
export function newlineSentence({ endInNewline: files = [] }: Pick<Generation, 'endInNewline'>): string | undefined {
  if (files.length === 0) return undefined
  return files.length === 1
    ? `the file ${files[0]} ends in a newline`
    : `the files ${files.join(', ')} end in a newline`
}
