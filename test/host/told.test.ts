import { describe, expect, test } from 'vitest'
import type { Event } from '../../src/core/event.ts'
import { rotating } from './rotating.ts'
import { stage, withSecrets } from './stage.ts'

const it = stage()

const { set, stateOf } = rotating(it)

const running = (name: string, labels: Record<string, string>, image = 'box') =>
  it.lab.docker('run', '-d', '--init', '--name', name, ...withSecrets(name, labels), image, 'sleep', '1000')

describe('a value that ends in a newline', () => {
  test('is delivered so and said by secret set, status and explain, over a restart of the agent too', async () => {
    const { stderr } = await it.lab.tryDso('secret', 'set', 'line', { input: 'line\n' })
    expect(stderr).toContain('ends in a newline')
    await set('plain', 'plain')
    await running('lines', { 'secret.line': 'dso://local/line', 'secret.plain': 'dso://local/plain' })
    expect(await it.lab.docker('exec', 'lines', 'wc', '-l', '/run/secrets/line')).toMatch(/^1 /)
    const said = async () => {
      expect(await it.lab.dso('status')).toContain('lines: the file line ends in a newline')
      expect(await it.lab.dso('explain', 'lines')).toContain('the file line ends in a newline')
    }
    await said()
    await it.agent.kill9()
    it.agent = await it.lab.startAgent()
    await said()
  })
})

describe('dso.ignore', () => {
  test('leaves a container alone, which may then mount no dso volume', async () => {
    await set('ignored', 'canary-ignored')
    const labels = ['--label', 'dso.secret.db=dso://local/ignored', '--label', 'dso.ignore=true']
    await it.lab.docker('run', '-d', '--init', '--name', 'alone', ...labels, 'box', 'sleep', '1000')
    expect(await stateOf('alone')).toBeUndefined()
    const mounting = withSecrets('ignored', { 'secret.db': 'dso://local/ignored', ignore: 'true' })
    const { code, stderr } = await it.lab.tryDocker('run', '--rm', '--name', 'ignored', ...mounting, 'box', 'true')
    expect([code, stderr]).toEqual([
      125,
      expect.stringMatching(/dso: ignored: ignored has the label dso\.ignore, but mounts .* \[VOLUME_UNCLAIMED\]/),
    ])
  })
})

describe('labels without a volume', () => {
  test('are named by status, for nothing else tells', async () => {
    const labels = ['--label', 'dso.secret.db=dso://local/ignored']
    await it.lab.docker('run', '-d', '--init', '--name', 'vain', ...labels, 'box', 'sleep', '1000')
    const { code, stdout } = await it.lab.tryDso('status', '--check')
    expect([code, stdout]).toEqual([
      8,
      expect.stringContaining('vain asks for secrets by its labels, but mounts no dso'),
    ])
    await it.lab.docker('rm', '-f', 'vain')
    expect((await it.lab.tryDso('status')).stdout).not.toContain('mounts no dso')
  })
})

describe('driver_opts', () => {
  test("are given to containers of the volume's own project, to no other", async () => {
    await set('fixed', 'canary-fixed')
    const service = (volume: string) =>
      `services: {t: {image: box, command: cat /x/db, volumes: ["fixed:/x"]}}\nvolumes: {fixed: ${volume}}\n`
    const own = '{driver: dso, driver_opts: {dso.secret.db: "dso://local/fixed"}}'
    it.lab.write('/root/own/compose.yaml', service(own))
    it.lab.write('/root/other/compose.yaml', service('{external: true, name: own_fixed}'))
    expect(await it.lab.compose('/root/own', 'run', '--rm', 't')).toBe('canary-fixed')
    const other = await it.lab.tryCompose('/root/other', 'run', '--rm', 't')
    expect(other.code).not.toBe(0)
    expect(other.stderr).toContain('VOLUME_UNCLAIMED')
    const typed = ['--label', 'com.docker.compose.project=own', '-v', 'own_fixed:/x', 'box', 'cat', '/x/db']
    const byHand = await it.lab.tryDocker('run', '--rm', ...typed)
    expect(byHand.stderr).toContain('VOLUME_UNCLAIMED')
    expect(other.stdout + other.stderr + byHand.stdout + byHand.stderr).not.toContain('canary-fixed')
  })
})

describe('an image that Compose built', () => {
  test('keeps its project, though it carries the same labels', async () => {
    await set('built', 'built')
    await it.lab.image('built', {
      dockerfileChanges: ['LABEL com.docker.compose.project=built com.docker.compose.service=api'],
    })
    const labels = 'labels: {dso.secret.db: "dso://local/built"}, volumes: ["secrets:/run/secrets"]'
    it.lab.write(
      '/root/built/compose.yaml',
      `services: {api: {image: built, init: true, command: sleep 1000, ${labels}}}\nvolumes: {secrets: {driver: dso}}\n`,
    )
    await it.lab.compose('/root/built', 'up', '-d')
    expect(await stateOf('built/api')).toMatchObject({ running: 1, state: 'ok' })
  })
})

describe('events', () => {
  test('--since reaches back to the start of the agent, or to a time', async () => {
    const since = async (from: string) => {
      const lines = (await it.lab.dso('events', '--since', from, '--json')).split('\n')
      return lines.filter(Boolean).map((line) => JSON.parse(line) as Event)
    }
    const all = await since('24h')
    expect(all[0]?.kind).toBe('agent.started')
    const [from] = all.slice(-3)
    const later = await since(from?.at ?? '')
    expect(later.map(({ seq }) => seq)).toEqual(all.filter(({ at }) => at >= (from?.at ?? '')).map(({ seq }) => seq))
  })
})
