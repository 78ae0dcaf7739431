import { readFileSync, statSync } from 'node:fs'
import { basename } from 'node:path'
import { type Finding, parseConfig } from '../config/parse.ts'
import { paths } from '../host/paths.ts'
import { Usage } from './command.ts'
import { composeFindings } from './compose.ts'
import { json, plural } from './print.ts'
import type { Terminal } from './terminal.ts'

/** A file larger than this is no configuration. */
const mostBytes = 1024 * 1024

const composeNames = ['compose.yaml', 'compose.yml', 'docker-compose.yaml', 'docker-compose.yml']

/** Checks the files and prints what is wrong: exit status 0, or 8 on a finding. Throws Usage for one that cannot be read. */
export async function validate(files: readonly string[], format: 'text' | 'json', terminal: Terminal): Promise<number> {
  const wanted = files.length > 0 ? files : [paths.config, ...composeNames].filter(exists)
  if (wanted.length === 0) throw new Usage('dso: validate: there is no dso.yaml and no Compose file here: give a FILE')
  const found = wanted.map((file) => ({ file, findings: findingsIn(file, read(file)) }))
  const count = found.reduce((sum, { findings }) => sum + findings.length, 0)
  if (format === 'json') {
    terminal.out(json(found.flatMap(({ file, findings }) => findings.map((finding) => ({ file, ...finding })))))
  } else {
    for (const { file, findings } of found) for (const one of findings) terminal.out(`${file}:${text(one)}\n`)
    const result = count === 0 ? 'ok' : plural(count, 'finding')
    terminal.out(`${plural(wanted.length, 'file')} checked: ${result}\n`)
  }
  return count > 0 ? 8 : 0
}

const text = ({ line, column, what, remedy }: Finding): string => `${line}:${column}: ${what}: ${remedy}`

const exists = (file: string): boolean => statSync(file, { throwIfNoEntry: false })?.isFile() === true

/** dso.yaml goes by its name; everything else is a Compose file. */
function findingsIn(file: string, content: string): readonly Finding[] {
  if (!/^dso.*\.ya?ml$/.test(basename(file))) return composeFindings(content)
  const result = parseConfig(content)
  return 'findings' in result ? result.findings : []
}

function read(file: string): string {
  const cannot = (why: string) =>
    new Usage(`dso: validate: ${file} cannot be read (${why}): give an existing YAML file`)
  try {
    if (statSync(file).size > mostBytes) throw cannot('it is larger than 1 MiB')
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file))
  } catch (error) {
    if (error instanceof Usage) throw error
    throw cannot((error as NodeJS.ErrnoException).code ?? 'it is not UTF-8')
  }
}
