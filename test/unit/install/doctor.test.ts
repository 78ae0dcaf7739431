import { describe, expect, it } from 'vitest'
import type { CheckLine } from '../../../src/core/api.ts'
import { Failure } from '../../../src/core/failure.ts'
import { paths } from '../../../src/host/paths.ts'
import { binds } from '../../../src/install/binds.ts'
import { doctor } from '../../../src/install/doctor.ts'
import type { FileFacts, HostFacts } from '../../../src/install/facts.ts'
import { judgeHost } from '../../../src/install/judge-host.ts'

const socket = (mode: number, gid = 0): FileFacts => ({ uid: 0, gid, mode, isSocket: true })

const good: HostFacts = {
  sockets: {
    [paths.statusSocket]: socket(0o660, 990),
    [paths.controlSocket]: socket(0o660, 991),
    [paths.rootSocket]: socket(0o600),
    [paths.pluginSocket]: socket(0o600),
    [paths.dockerSocket]: socket(0o660, 999),
  },
  groups: { dso: 990, 'dso-admin': 991, 'dso-docker': undefined },
  docker: { version: '28.5.2', clockAhead: 20, binds: [] },
  corePattern: 'core',
  systemd: { running: true, socketUnit: true, serviceUnit: true, enabled: true },
  variables: [],
  writable: [],
  program: '/usr/local/lib/dso/cli.js',
  now: Date.UTC(2026, 5, 1),
}

const findings = (facts: Partial<HostFacts>) => judgeHost({ ...good, ...facts }).filter(({ state }) => state !== 'ok')

describe('judgeHost', () => {
  it('finds nothing on a good host', () => expect(findings({})).toEqual([]))

  it('gives every finding a remedy', () => {
    const bad = judgeHost({
      ...good,
      sockets: {},
      groups: {},
      docker: undefined,
      corePattern: '|/usr/share/apport %p',
      systemd: { running: true, socketUnit: false, serviceUnit: false, enabled: false },
      variables: ['NODE_OPTIONS'],
      writable: ['/opt'],
      now: 0,
    })
    expect(bad.filter(({ state }) => state === 'ok')).toEqual([])
    expect(bad.filter(({ remedy }) => !remedy)).toEqual([])
  })

  it.each<[string, Partial<HostFacts>, string, CheckLine['state']]>([
    ['a socket that everybody may open', withSocket(paths.statusSocket, socket(0o666, 990)), 'socket status', 'fail'],
    ['a socket of another group', withSocket(paths.controlSocket, socket(0o660, 990)), 'socket control', 'fail'],
    [
      'a socket that is not root’s',
      withSocket(paths.rootSocket, { ...socket(0o600), uid: 1000 }),
      'socket root',
      'fail',
    ],
    ['a plugin socket for a group', withSocket(paths.pluginSocket, socket(0o660)), 'socket plugin', 'fail'],
    [
      'a file in place of a socket',
      withSocket(paths.rootSocket, { ...socket(0o600), isSocket: false }),
      'socket root',
      'fail',
    ],
    [
      'a socket that may not be looked at',
      { sockets: { ...good.sockets, [paths.rootSocket]: 'unknown' } },
      'socket root',
      'warn',
    ],
    ['a Docker socket for everybody', withSocket(paths.dockerSocket, socket(0o666)), 'docker', 'fail'],
    ['a clock that differs', { docker: { version: '28', clockAhead: -61_000, binds: [] } }, 'clock', 'warn'],
    ['piped cores', { corePattern: '|/lib/systemd/systemd-coredump %P' }, 'core dumps of applications', 'warn'],
    [
      'no systemd',
      { systemd: { running: false, socketUnit: false, serviceUnit: false, enabled: false } },
      'start at boot',
      'warn',
    ],
    ['a unit that is not enabled', { systemd: { ...good.systemd, enabled: false } }, 'start at boot', 'fail'],
    ['NODE_OPTIONS', { variables: ['NODE_OPTIONS'] }, 'environment', 'fail'],
    ['a program that others may write', { writable: ['/opt/dso'] }, 'program', 'fail'],
  ])('finds %s', (_, facts, name, state) => {
    expect(findings(facts)).toEqual([expect.objectContaining({ name, state })])
  })

  it('lets a socket belong to root where its group does not exist', () => {
    expect(
      findings({
        groups: {},
        sockets: { ...good.sockets, [paths.statusSocket]: socket(0o600), [paths.controlSocket]: socket(0o600) },
      }),
    ).toEqual([expect.objectContaining({ name: 'group dso' }), expect.objectContaining({ name: 'group dso-admin' })])
  })

  it('names containers that bind what they must not, in printable characters', () => {
    const docker = { ...good.docker!, binds: [{ container: 'a\u001bb', source: '/', reaches: 'everything' as const }] }
    expect(findings({ docker })[0]?.found).toBe('a\\u{1b}b binds / (sees every value)')
  })
})

describe('binds', () => {
  const row = (source: string, type = 'bind') => ({ Names: ['/web'], Mounts: [{ Type: type, Source: source }] })

  it.each(['/', '/run', '/run/', '/var/run', '/run/dso', '/var/lib/dso', '/etc/dso'])(
    '%s reaches every value',
    (source) => {
      expect(binds(row(source))).toEqual([
        { container: 'web', source: source.replace(/(.)\/$/, '$1'), reaches: 'everything' },
      ])
    },
  )

  it.each(['/var/run/docker.sock', '/run/docker.sock', '/run/docker/plugins'])('%s reaches Docker', (source) => {
    expect(binds(row(source))).toMatchObject([{ reaches: 'docker' }])
  })

  it('passes over other folders, volumes and answers of another shape', () => {
    for (const one of [row('/srv'), row('/run', 'volume'), null, {}, { Names: [], Mounts: [null] }])
      expect(binds(one)).toEqual([])
  })
})

describe('doctor', () => {
  const engine = {
    version: async () => ({ version: '28.5.2', apiVersion: '1.51' }),
    json: async (path: string) => (path === '/info' ? { SystemTime: new Date().toISOString() } : []),
  }
  const ask = (agentChecks: () => Promise<readonly CheckLine[]>) =>
    doctor({ agentChecks, env: {}, program: process.execPath, engine }, new AbortController().signal)

  it('looks at this host and adds what the agent says', async () => {
    const lines = await ask(async () => [{ name: 'swap', state: 'ok', found: 'none' }])
    expect(lines.slice(-2)).toEqual([
      { name: 'agent', state: 'ok', found: 'it answers' },
      { name: 'swap', state: 'ok', found: 'none' },
    ])
    expect(lines.find(({ name }) => name === 'clock')).toMatchObject({ state: 'ok' })
    expect(new Set(lines.map(({ name }) => name)).size).toBe(lines.length)
  })

  it('says why the agent does not answer', async () => {
    const lines = await ask(() => Promise.reject(new Failure('AGENT_DOWN', 'the agent does not run', 'start it')))
    expect(lines.at(-1)).toEqual({ name: 'agent', state: 'fail', found: 'the agent does not run', remedy: 'start it' })
  })

  it('says that Docker does not answer', async () => {
    const dead = { version: () => Promise.reject(new Error('x')), json: () => Promise.reject(new Error('x')) }
    const lines = await doctor(
      { agentChecks: async () => [], env: { NODE_OPTIONS: '--inspect' }, program: '/nowhere', engine: dead },
      new AbortController().signal,
    )
    expect(lines.find(({ name }) => name === 'docker')).toMatchObject({ state: 'fail' })
    expect(lines.find(({ name }) => name === 'environment')).toMatchObject({ state: 'fail' })
  })
})

function withSocket(path: string, facts: FileFacts): Partial<HostFacts> {
  return { sockets: { ...good.sockets, [path]: facts } }
}
