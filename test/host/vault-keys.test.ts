import { afterEach, beforeEach, expect, test } from 'vitest'
import type { StatusAnswer } from '../../src/core/api.ts'
import { eventually, type Lab, openLab } from '../lab/lab.ts'
import { engine, withSecrets } from './stage.ts'

let lab: Lab
beforeEach(async () => {
  lab = await openLab({ engine })
})
afterEach(() => lab?.close())

const local = async () => (JSON.parse(await lab.dso('status', '--json')) as StatusAnswer).sources[0]
const read = (name: string) => lab.docker('exec', name, 'cat', '/run/secrets/db')

test('a passphrase: while the vault is locked after a restart the last good values serve, and nothing else', async () => {
  lab.write('/etc/dso/dso.yaml', 'local: {key: passphrase}\n', 0o600)
  const first = await lab.startAgent()
  const unset = await lab.tryDso('secret', 'set', 'db', { input: 'one' })
  expect([unset.code, unset.stderr]).toEqual([6, expect.stringContaining('no passphrase yet')])
  await lab.dso('unlock', { input: 'correct horse' })
  await lab.dso('secret', 'set', 'db', { input: 'one' })
  await lab.dso('secret', 'set', 'unused', { input: 'two' })
  await lab.dso('secret', 'set', 'many/one', { input: 'four' })
  const asks = withSecrets('held', { 'secret.db': 'dso://local/db', 'secret.*': 'dso://local/many/*' })
  await lab.docker('run', '-d', '--init', '--name', 'held', ...asks, 'box', 'sleep', '1000')

  await first.kill9()
  await lab.startAgent()
  expect(await local()).toMatchObject({ state: 'locked', identity: 'passphrase' })
  expect((await lab.tryDso('status', '--check')).code).toBe(8)
  expect(await read('held')).toBe('one')
  await lab.docker('restart', '-t', '0', 'held')
  expect(await read('held')).toBe('one')
  const other = withSecrets('other', { 'secret.db': 'dso://local/unused' })
  expect((await lab.tryDocker('run', '--rm', ...other, 'box', 'true')).stderr).toMatch(/unlock.*\[LOCAL_LOCKED\]/)
  expect((await lab.tryDso('secret', 'set', 'db', { input: 'x' })).code).toBe(6)

  const wrong = await lab.tryDso('unlock', { input: 'wrong' })
  expect([wrong.code, wrong.stderr]).toEqual([6, expect.stringContaining('passphrase of the local vault is wrong')])
  await lab.dso('unlock', { input: 'correct horse' })
  await lab.dso('secret', 'set', 'db', { input: 'three' })
  await eventually(async () => (await read('held')) === 'three', { what: 'the new value' })
})

test("systemd's credential is the key; without it no other key is made", async () => {
  lab.write('/run/credentials/dso.service/dso.local.key', `${'5a'.repeat(32)}\n`, 0o400)
  const env = { CREDENTIALS_DIRECTORY: '/run/credentials/dso.service' }
  const first = await lab.startAgent({ env })
  await lab.dso('secret', 'set', 'db', { input: 'one' })
  expect(await local()).toMatchObject({ state: 'ok', identity: 'key: systemd credential' })
  await first.stop()

  const second = await lab.startAgent()
  expect(await local()).toMatchObject({ state: 'refused', secrets: 0 })
  const { code, stderr } = await lab.tryDso('secret', 'get', 'db', '--reveal')
  expect([code, stderr]).toEqual([6, expect.stringContaining('its key /etc/dso/local.key is not')])
  expect((await lab.run(['ls', '/etc/dso/local.key'])).code).not.toBe(0)
  await second.stop()

  await lab.startAgent({ env })
  expect(await lab.dso('secret', 'get', 'db', '--reveal')).toBe('one')
})

test('a changed place of the vault is in force from the next start, which is said', async () => {
  lab.write('/etc/dso/dso.yaml', 'local: {keep_versions: 2}\n', 0o600)
  const first = await lab.startAgent()
  for (const input of ['one', 'two', 'three']) await lab.dso('secret', 'set', 'db', { input })
  expect(JSON.parse(await lab.dso('secret', 'history', 'db', '--json'))).toHaveLength(2)
  lab.write('/etc/dso/dso.yaml', 'local: {keep_versions: 3, path: /var/lib/dso/other.age}\n', 0o600)
  await eventually(() => first.log().includes('local.path and local.key are in force from the next start'))
  await lab.dso('secret', 'set', 'db', { input: 'four' })
  expect(JSON.parse(await lab.dso('secret', 'history', 'db', '--json'))).toHaveLength(3)
  await first.stop()
  const moved = await lab.startAgent()
  expect(await local()).toMatchObject({ state: 'refused' })
  await moved.stop()
  await lab.run(['mv', '/var/lib/dso/local.age', '/var/lib/dso/other.age'])
  await lab.startAgent()
  expect(await lab.dso('secret', 'get', 'db', '--reveal')).toBe('four')
})

test('a file of last week is refused, and what runs reads on, until root accepts it, which is told', async () => {
  const first = await lab.startAgent()
  await lab.dso('secret', 'set', 'db', { input: 'old' })
  await lab.run(['cp', '/var/lib/dso/local.age', '/root/last-week.age'])
  await lab.dso('secret', 'set', 'db', { input: 'new' })
  const asks = withSecrets('held', { 'secret.db': 'dso://local/db', 'rotation.settle': '100ms' })
  await lab.docker('run', '-d', '--init', '--name', 'held', ...asks, 'box', 'sleep', '1000')
  await first.stop()
  await lab.run(['rm', '/var/lib/dso/local.age.previous'])
  await lab.run(['cp', '/root/last-week.age', '/var/lib/dso/local.age'])
  await lab.startAgent()
  expect(await local()).toMatchObject({ state: 'refused', message: expect.stringContaining('older') })
  expect((await lab.tryDso('secret', 'get', 'db')).code).toBe(6)
  expect((await lab.tryDso('unlock')).code).toBe(6)
  expect(await read('held')).toBe('new')
  await lab.dso('unlock', '--accept-older')
  expect(await lab.dso('secret', 'get', 'db', '--reveal')).toBe('old')
  await eventually(async () => (await read('held')) === 'old', { what: 'the accepted value' })
  expect(await lab.dso('events')).toMatch(/older/)
})
