import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { eventually } from '../lab/lab.ts'
import { stage, withSecrets } from './stage.ts'

const it = stage(async ({ lab }) => {
  await set(lab, '0')
})

const set = (lab: typeof it.lab, value: string) =>
  lab.dso('secret', 'set', 'dso://local/shop/db#password', { input: value })
const wish = { 'secret.db': 'dso://local/shop/db#password', 'rotation.settle': '100ms' }

/** A container with the right to mount that makes its own files writable, then does what `script` says among them. */
async function hostile(name: string, script: string): Promise<void> {
  await it.lab.docker(
    'run',
    '-d',
    '--init',
    '--cap-add=SYS_ADMIN',
    '--security-opt=apparmor=unconfined',
    '--name',
    name,
    ...withSecrets(name, wish),
    'box',
    'sleep',
    '1000',
  )
  const writable = 'mount -o remount,rw,bind /run/secrets && cd /run/secrets && d=$(readlink ..data)'
  await it.lab.docker('exec', name, 'sh', '-c', `${writable} && ${script}`)
}

const read = (name: string) => it.lab.docker('exec', name, 'cat', '/run/secrets/db')
const others = () => it.lab.docker('run', '--rm', ...withSecrets('others', wish), 'box', 'cat', '/run/secrets/db')

test('a link out of its directory leads the agent nowhere: the host loses nothing', async () => {
  const { lab } = it
  lab.write('/root/victim/file', 'kept')
  await hostile('linker', 'mv $d ..2026_x && rm ..data && ln -s ..2026_x/../../../../../../../root/victim ..data')
  await set(lab, '1')
  await eventually(async () => (await read('linker')) === '1', { what: 'the new set' })
  await set(lab, '2')
  await eventually(async () => (await read('linker')) === '2', { what: 'the newer set' })
  // What was replaced is removed some seconds later.
  await new Promise((resolve) => setTimeout(resolve, 7000))
  expect(existsSync(lab.path('/root/victim/file'))).toBe(true)
  await lab.docker('rm', '-f', 'linker')
})

test('a pipe in the place of its file keeps nobody waiting', async () => {
  const { lab } = it
  await hostile('piper', 'rm $d/db && mkfifo $d/db')
  await lab.tryDso('sync', 'piper', '--wait', { timeoutMs: 20_000 })
  expect(await others()).toBe('2')
  await set(lab, '3')
  await eventually(async () => (await read('piper')) === '3', { what: 'the new set' })
  await lab.docker('rm', '-f', 'piper')
})

test('directories in the places of our links keep an agent that starts from nothing but them', async () => {
  const { lab } = it
  await hostile('digger', 'rm ..data && mkdir -p ..data/x ..data_tmp/x && rm db && mkdir db')
  await it.agent.kill9()
  it.agent = await lab.startAgent()
  expect(await others()).toBe('3')
  await lab.docker('rm', '-f', 'digger')
})
