import { describe, expect, it } from 'vitest'
import { filesBelow, importsOf } from './sources.ts'

/** What each folder of src may import of ours beside itself: a folder, or one file of it. */
const table: Readonly<Record<string, readonly string[]>> = {
  core: [],
  host: [],
  config: ['core', 'host'],
  vault: ['core', 'host', 'store/secret', 'store/content', 'store/content-bytes', 'store/json', 'store/json-text'],
  store: ['core', 'host'],
  providers: ['core', 'host', 'vault', 'store/secret', 'store/content', 'store/source'],
  docker: ['core', 'host'],
  delivery: ['core', 'host', 'docker', 'store/secret'],
  reconcile: ['core', 'host', 'docker', 'store', 'delivery'],
  report: ['core', 'host'],
  servers: ['core', 'host', 'docker', 'store', 'delivery'],
  scan: ['core', 'host', 'docker', 'store/secret'],
  install: ['core', 'host', 'config', 'docker'],
  cli: ['core', 'host', 'config', 'install', 'store/secret'],
}

/** Folders whose files stand side by side, each one the answer to the same question: they know no sibling. */
const siblings = ['src/providers', 'src/core/strategies', 'src/cli/commands', 'src/scan/places']

/** Files there that say what the question is, or list the answers. */
const common = /\/(index|list|contract|strategy|place|provider|shared)\.ts$/

/** See everything: they put the parts together. */
const compositions = ['src/agent.ts', 'src/main.ts']

const files = filesBelow('src').filter((file) => file.endsWith('.ts'))
const folderOf = (file: string): string => file.split('/')[1] ?? ''
const ours = (file: string): string[] => importsOf(file).filter((name) => name.startsWith('src/'))

describe('the import table', () => {
  it('has a row for every folder', () => {
    const folders = new Set(files.filter((file) => file.split('/').length > 2).map(folderOf))
    expect([...folders].filter((folder) => !(folder in table))).toEqual([])
  })

  it('is kept by every file', () => {
    const strays = files
      .filter((file) => !compositions.includes(file))
      .flatMap((file) =>
        ours(file)
          .filter((name) => !allowed(file, name))
          .map((name) => `${file} imports ${name}`),
      )
    expect(strays).toEqual([])
  })

  it('lets files that stand side by side know no sibling', () => {
    const strays = files
      .filter((file) => siblings.includes(parent(file)) && !common.test(file))
      .flatMap((file) =>
        ours(file)
          .filter((name) => parent(name) === parent(file) && !common.test(name))
          .map((name) => `${file} imports ${name}`),
      )
    expect(strays).toEqual([])
  })

  it('finds imports of every kind', () => {
    expect(importsOf('test/architecture/import-table.test.ts')).toEqual(['vitest', 'test/architecture/sources.ts'])
  })
})

const parent = (file: string): string => file.slice(0, file.lastIndexOf('/'))

function allowed(file: string, name: string): boolean {
  const from = folderOf(file)
  const path = name.slice('src/'.length).replace(/\.ts$/, '')
  return [from, ...(table[from] ?? [])].some((right) => path === right || path.startsWith(`${right}/`))
}
