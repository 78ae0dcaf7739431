import { closeSync, constants, fstatSync, lstatSync, openSync, readSync, realpathSync, type Stats } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { Failure } from '../core/failure.ts'
import type { Settings } from '../core/settings.ts'
import { type Finding, parseConfig } from './parse.ts'
import { schema, settingsFrom } from './schema.ts'

/** A configuration longer than this is none. */
const mostBytes = 1024 * 1024

/** The settings of a host without dso.yaml. */
export const defaults: Settings = settingsFrom(schema.parse({}))

/**
 * The settings in `file`; the defaults when there is no such file. Throws BAD_CONFIG with line, column and the nearest
 * name, and when others than root could have written it.
 */
export function loadSettings(file: string): Settings {
  const text = readConfig(file)
  if (text === undefined) return defaults
  const read = parseConfig(text)
  if ('settings' in read) return read.settings
  throw refusal(file, read.findings)
}

/** The first finding as a failure, which says how many more there are. */
export function refusal(file: string, [first, ...others]: readonly Finding[]): Failure {
  if (first === undefined) throw new TypeError('a refusal needs a finding')
  const more = others.length === 0 ? '' : ` (and ${others.length} more: docker dso validate ${file})`
  return new Failure(
    'BAD_CONFIG',
    `line ${first.line}, column ${first.column}: ${first.what}`,
    `${first.remedy}${more}`,
    file,
  )
}

/** The text of dso.yaml; undefined when it does not exist. Throws BAD_CONFIG for one that is not root's alone. */
export function readConfig(file: string): string | undefined {
  const path = resolve(file)
  let descriptor: number
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown'
    if (code === 'ENOENT') return undefined
    throw new Failure('BAD_CONFIG', `it cannot be read (${code})`, 'correct its owner and mode', file)
  }
  try {
    const stats = fstatSync(descriptor)
    refuseOthers(path, stats)
    if (stats.size > mostBytes)
      throw new Failure('BAD_CONFIG', 'it is larger than 1 MiB', 'is it the right file?', file)
    return textIn(descriptor, file)
  } finally {
    closeSync(descriptor)
  }
}

function textIn(descriptor: number, file: string): string {
  const bytes = Buffer.alloc(mostBytes + 1)
  let length = 0
  for (let read = -1; read !== 0 && length < bytes.length; length += read) {
    read = readSync(descriptor, bytes, length, bytes.length - length, null)
  }
  if (length > mostBytes) throw new Failure('BAD_CONFIG', 'it is larger than 1 MiB', 'is it the right file?', file)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, length))
  } catch {
    throw new Failure('BAD_CONFIG', 'it is not UTF-8', 'save it as UTF-8', file)
  }
}

/** Others may write neither the file nor a directory on the way to it; in one with the sticky bit they cannot replace it. */
function refuseOthers(file: string, stats: Stats): void {
  if (!stats.isFile()) throw new Failure('BAD_CONFIG', 'it is no file', 'put a file there, or remove it', file)
  const writable = 0o022
  const closed = (path: string, { uid, mode }: Stats, sticky: boolean) => {
    if (uid === 0 && ((mode & writable) === 0 || (sticky && (mode & 0o1000) !== 0))) return
    throw new Failure(
      'BAD_CONFIG',
      `others than root may write ${path}`,
      `chown root ${path} && chmod go-w ${path}`,
      file,
    )
  }
  closed(file, stats, false)
  // Both ways to it: a link's own folders, and those that it leads to.
  for (const path of new Set([file, realpathSync(file)])) {
    for (let folder = dirname(path); ; folder = dirname(folder)) {
      const found = lstatSync(folder)
      if (!found.isSymbolicLink()) closed(folder, found, true)
      if (folder === '/') break
    }
  }
}
