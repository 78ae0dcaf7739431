/**
 * Builds dist/: one file for the CLI, one for each part that only some commands need, the vault's worker, and the sh
 * file that docker runs as its plugin.
 */
import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'
import { metadata } from '../src/cli/program.ts'
import { version } from '../src/core/version.ts'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

const built = (path: string): string => `./${basename(path).replace(/\.ts$/, '.js')}`

/** In a file of its own, so that a failure is one wherever it was made. */
const shared = 'src/core/failure.ts'

/** An `import()` of ours becomes one of the built file of the same name: it is read when the command runs, not before. */
const lazy = (found: Set<string>): Plugin => ({
  name: 'lazy',
  setup: ({ onResolve }) => {
    onResolve({ filter: /^\.\.?\/.*\.ts$/ }, ({ path, kind, resolveDir }) => {
      const file = resolve(resolveDir, path)
      if (kind !== 'dynamic-import' && file !== resolve(shared)) return undefined
      found.add(file)
      return { path: built(path), external: true }
    })
  },
})

/** Packages of the old module kind ask for builtins by `require`; the command line has none of them. */
const requireForCommonJs =
  "import { createRequire as dsoRequire } from 'node:module'; const require = dsoRequire(import.meta.url);"

async function bundle(entry: string, outfile: string): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    legalComments: 'none',
    logLevel: 'error',
    plugins: [lazy(found)],
    banner: { js: outfile.endsWith('/cli.js') ? '' : requireForCommonJs },
  })
  return found
}

const fresh = `.tmp/dist-${process.pid}`
await mkdir(fresh, { recursive: true })
const done = new Set<string>()
const pending = ['src/main.ts', ...(await workers())]
for (let entry = pending.shift(); entry !== undefined; entry = pending.shift()) {
  const file = entry === 'src/main.ts' ? './cli.js' : built(entry)
  if (done.has(file)) continue
  done.add(file)
  pending.push(...(await bundle(entry, `${fresh}/${file}`)))
}
const plugin = await readFile('scripts/docker-dso.sh', 'utf8')
await writeFile(`${fresh}/docker-dso`, plugin.replace('@METADATA@', metadata(version).trim()))
await chmod(`${fresh}/docker-dso`, 0o755)
await writeFile(`${fresh}/package.json`, '{ "type": "module" }\n')
await rm('dist', { recursive: true, force: true })
await rename(fresh, 'dist')

/** Files that run as threads are named by URL, not imported. */
async function workers(): Promise<readonly string[]> {
  const files = await readdir('src/vault')
  return files.filter((file) => /worker\.ts$/.test(file)).map((file) => `src/vault/${file}`)
}
