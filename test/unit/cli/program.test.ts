import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { withoutDocker } from '../../../src/cli/argv.ts'
import { commands } from '../../../src/cli/commands/index.ts'
import type { Parts } from '../../../src/cli/parts.ts'
import { run } from '../../../src/cli/program.ts'
import { version } from '../../../src/core/version.ts'
import { fakeTerminal } from './terminal.ts'

const noParts = {} as Parts
const nowhere = { DSO_SOCKET: '/nonexistent', HOME: '/nonexistent' }

async function call(argv: readonly string[], given: Parameters<typeof fakeTerminal>[0] = {}) {
  const terminal = fakeTerminal({ env: nowhere, ...given })
  const status = await run(argv, terminal, noParts)
  return { status, out: terminal.output(), err: terminal.errors() }
}

describe("docker's plugin protocol", () => {
  it('answers the handshake with schema 0.1.0 and the version of the package', async () => {
    const { out, status } = await call(['docker-cli-plugin-metadata'])
    expect(status).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ SchemaVersion: '0.1.0', Vendor: 'DSO', Version: version })
    expect(version).toBe((JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }).version)
  })

  it.each([
    [['dso', 'status'], {}, ['status']],
    [['--context', 'x', '-D', 'dso', 'status', '--watch'], { context: 'x' }, ['status', '--watch']],
    [
      ['--config=/c', '-c=y', '--tlsverify', '--log-level', 'debug', 'dso', 'plan'],
      { config: '/c', context: 'y' },
      ['plan'],
    ],
    [['-Htcp://h:1', '--tlscacert', 'f', 'dso'], { host: 'tcp://h:1' }, []],
    [['help', 'dso', 'status'], {}, ['help', 'status']],
    [['__complete', 'dso', 'se'], {}, ['__complete', 'se']],
    [['status', '--json'], {}, ['status', '--json']],
    [['exec', '--', '-H', 'x'], {}, ['exec', '--', '-H', 'x']],
  ])('takes %j apart', (argv, docker, words) => {
    expect(withoutDocker(argv)).toEqual({ docker, words })
  })

  it('completes commands, options, and nothing without an agent', async () => {
    expect((await call(['__complete', 'dso', 'se'])).out).toBe('secret\tsecret commands\n:4\n')
    expect((await call(['__complete', 'dso', 'secret', 'hi'])).out).toBe(
      'history\tList the versions of a secret that are kept\n:4\n',
    )
    expect((await call(['__complete', 'dso', 'status', '--w'])).out).toBe(
      '--watch\tshow it again whenever it changes\n:4\n',
    )
    expect(await call(['__complete', 'dso', 'status', ''])).toEqual({ status: 0, out: ':4\n', err: '' })
    expect((await call(['__complete', 'dso', 'validate', ''])).out).toBe(':0\n')
  })
})

describe('help', () => {
  it('lists every command, within 80 columns where it can', async () => {
    const { out, status } = await call([])
    expect(status).toBe(0)
    for (const { name } of commands) expect(out).toContain(`\n  ${name} `)
  })

  it('has an example for every command of this version', async () => {
    for (const { name, summary, examples } of commands) {
      const { out, status } = await call(['help', 'dso', ...name.split(' ')])
      expect(status).toBe(0)
      expect(out).toContain('Usage:  docker dso ')
      if (!summary.includes('not in this version')) expect(examples.length, name).toBeGreaterThan(0)
      expect(out).toBe((await call([...name.split(' '), '--help'])).out)
    }
  })
})

describe('wrong usage', () => {
  it.each([
    [['statsu'], 'dso: there is no command statsu (nearest: status): see docker dso --help\n'],
    [['secret', 'gte'], 'dso: there is no command secret gte (nearest: secret get): see docker dso --help\n'],
    [
      ['status', '--wacth'],
      'dso: status: there is no option --wacth (nearest: --watch): see docker dso status --help\n',
    ],
    [['status', 'a', 'b'], 'dso: status: too many arguments: see docker dso status --help\n'],
    [['secret', 'get'], 'dso: secret get: REF is missing: see docker dso secret get --help\n'],
    [['events', '--since'], 'dso: events: --since needs TIME: see docker dso events --help\n'],
    [['plan', '--check=no'], 'dso: plan: --check takes no value: see docker dso plan --help\n'],
    [['revoke', 'a'], /^dso: revoke: not in this version: /],
    [['rollout', 'undo', 'a'], /^dso: rollout undo: not in this version: /],
    [['exec', 'c', '--', 'ls'], /^dso: exec: not in this version: /],
    [['install', '--context'], /^dso: install: --context is not in this version/],
    [['validate', '--format', 'sarif'], /--format sarif is not in this version/],
  ])('%j', async (argv, said) => {
    const { status, err, out } = await call(argv)
    expect(status).toBe(2)
    expect(out).toBe('')
    if (typeof said === 'string') expect(err).toBe(said)
    else expect(err).toMatch(said)
  })
})

describe('without an agent', () => {
  it('says how to start it, exit 6', async () => {
    const { status, err } = await call(['status'])
    expect(status).toBe(6)
    expect(err).toMatch(/^dso: the agent does not run .*docker dso agent \[AGENT_DOWN\]\n$/)
  })

  it('still tells its own version', async () => {
    const { status, out } = await call(['version'])
    expect([status, out.split('\n')[1]]).toEqual([0, 'agent: not reachable'])
  })
})

describe('a remote engine', () => {
  let config: string
  beforeEach(() => {
    config = mkdtempSync('/tmp/dso-context-')
    const folder = join(config, 'contexts/meta', createHash('sha256').update('far').digest('hex'))
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'meta.json'), JSON.stringify({ Endpoints: { docker: { Host: 'ssh://root:pw@far' } } }))
  })
  afterEach(() => rmSync(config, { recursive: true }))

  it.each([
    ['--host', ['-H', 'tcp://far:2376', 'dso', 'status'], {}],
    ['the docker context far', ['--context', 'far', 'dso', 'status'], {}],
    ['DOCKER_HOST', ['status'], { DOCKER_HOST: 'tcp://far:2376' }],
    ['the docker context far', ['status'], { DOCKER_CONTEXT: 'far' }],
  ])('is refused: %s', async (from, argv, env) => {
    const { status, err } = await call(argv, { env: { ...nowhere, ...env, DOCKER_CONFIG: config } })
    expect(status).toBe(2)
    expect(err).toContain(`dso: ${from} is another host`)
    expect(err).not.toContain('pw')
  })

  it('is refused by the configured context; a nearer word wins', async () => {
    writeFileSync(join(config, 'config.json'), '{"currentContext":"far"}')
    const env = { ...nowhere, DOCKER_CONFIG: config }
    expect((await call(['status'], { env })).err).toContain('the docker context far is another host')
    expect((await call(['--context', 'default', 'dso', 'status'], { env })).status).toBe(6)
    expect((await call(['status'], { env: { ...env, DOCKER_HOST: 'unix:///var/run/docker.sock' } })).status).toBe(6)
  })
})
