import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'

export const repository = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')

/** Paths of files below a folder of the repository, relative to the repository, sorted. */
export function filesBelow(folder: string): string[] {
  const entries = readdirSync(join(repository, folder), { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(repository.length + 1))
    .sort()
}

export const read = (file: string): string => readFileSync(join(repository, file), 'utf8')

/** TypeScript without its comments: those that stand at the end of a line or on lines of their own. */
export function code(file: string): string {
  return read(file)
    .replace(/\/\*\*?[\s\S]*?\*\//g, '')
    .replace(/(^|\s)\/\/.*$/gm, '')
}

/** What a file imports, types included: modules as they are, files as paths relative to the repository. */
export function importsOf(file: string): string[] {
  const specifiers = [...code(file).matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*)'([^']+)'/g)].map(
    (match) => match[1] ?? '',
  )
  return specifiers.map((name) => (name.startsWith('.') ? normalize(join(dirname(file), name)) : name))
}
