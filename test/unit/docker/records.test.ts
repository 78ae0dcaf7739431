import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createRecords } from '../../../src/docker/records.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dso-records-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const stateFile = () => join(folder, 'docker.json')
const id = (digit: string) => digit.repeat(64)

function record(digit: string, state: object, text?: string) {
  const directory = join(folder, 'docker', 'containers', id(digit))
  mkdirSync(directory, { recursive: true })
  const content = {
    ID: id(digit),
    Name: `/c${digit}`,
    Image: 'sha256:1',
    ImageManifest: { digest: 'sha256:2', platform: { architecture: '386', os: 'linux' } },
    Created: '2026-11-24T05:00:00.5Z',
    Config: { Labels: { 'dso.secret.a': 'dso://local/a' } },
    State: { StartedAt: '2026-11-24T05:00:01Z', ...state },
    MountPoints: {
      '/run/secrets': { Type: 'volume', Name: 'v', Driver: 'dso', Destination: '/run/secrets' },
      '/etc/x': { Type: 'bind', Name: '', Destination: '/etc/x' },
    },
  }
  writeFileSync(join(directory, 'config.v2.json'), text ?? JSON.stringify(content))
}

test('say the same as the list, the folder remembered over restarts', async () => {
  record('a', { Running: true, Pid: process.pid })
  await createRecords({ stateFile: stateFile() }).remember({ rootDir: join(folder, 'docker') })
  const records = createRecords({ stateFile: stateFile() })
  expect(records.root()).toBe(join(folder, 'docker'))
  expect(await records.containers()).toEqual([
    {
      id: id('a'),
      name: 'ca',
      state: 'running',
      labels: { 'dso.secret.a': 'dso://local/a' },
      imageId: 'sha256:1 sha256:2 {"os":"linux","architecture":"386"}',
      created: Date.parse('2026-11-24T05:00:00Z') / 1000,
      mounts: [{ volume: 'v', driver: 'dso', destination: '/run/secrets' }],
    },
  ])
})

test('the state is the one dockerd would tell; who is written as running but is gone has ended', async () => {
  record('1', { Running: true, Pid: 4_000_000 })
  record('2', { Running: true, Restarting: true, Pid: 0 })
  record('3', { StartedAt: '0001-01-01T00:00:00Z' })
  record('4', { Running: true, Paused: true, Pid: process.pid })
  record('5', { Dead: true })
  const records = createRecords({ stateFile: stateFile() })
  await records.remember({ rootDir: join(folder, 'docker') })
  const states = (await records.containers())?.map(({ name, state }) => `${name} ${state}`).sort()
  expect(states).toEqual(['c1 exited', 'c2 restarting', 'c3 created', 'c4 paused', 'c5 dead'])
})

test('half of a container is no container; nothing readable is no answer', async () => {
  const records = createRecords({ stateFile: stateFile() })
  expect(await records.containers()).toBeUndefined()
  await records.remember({ rootDir: join(folder, 'docker') })
  expect(await records.containers()).toBeUndefined()
  mkdirSync(join(folder, 'docker', 'containers'), { recursive: true })
  expect(await records.containers()).toEqual([])
  record('a', {}, '{"ID":')
  expect(await records.containers()).toBeUndefined()
  record('b', {})
  mkdirSync(join(folder, 'docker', 'containers', id('c')))
  expect((await records.containers())?.map(({ name }) => name)).toEqual(['cb'])
})
