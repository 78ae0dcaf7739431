import { expect, test } from 'vitest'
import { eventually } from '../lab/lab.ts'
import { deliveredFiles, stage, withSecrets } from './stage.ts'

const it = stage(async ({ lab }) => {
  await lab.dso('secret', 'set', 'dso://local/shop/db#password', { input: 'canary-77aa-password' })
})

const db = { 'secret.db': 'dso://local/shop/db#password' }

test('a directory that a container holds which was not authorised is emptied, told and shown', async () => {
  const { lab } = it
  await lab.docker('run', '-d', '--init', '--name', 'owner', ...withSecrets('owned', db), 'box', 'sleep', '1000')
  const [file = ''] = (await deliveredFiles(lab, 'db')).filter((path) => path.includes('/files/db'))
  const directory = file.slice(0, file.indexOf('/files/') + '/files'.length)
  await lab.docker('run', '-d', '--init', '--name', 'thief', '-v', `${directory}:/stolen`, 'box', 'sleep', '1000')

  const inThief = () => lab.tryDocker('exec', 'thief', 'cat', '/stolen/db')
  await eventually(async () => (await inThief()).code !== 0, { what: 'the directory to be emptied' })
  const events = await lab.dso('events', '--since', '1h')
  expect(events).toContain('mount.foreign')
  expect(events).not.toContain('canary-77aa')
  expect(await lab.dso('status', 'owner')).toContain('EMPTIED')
  expect((await lab.tryDso('status', '--check')).code).toBe(8)

  await lab.docker('rm', '-f', 'thief', 'owner')
  await lab.docker('run', '--rm', ...withSecrets('owned', db), 'box', 'cat', '/run/secrets/db')
})

test('a subpath of a dso volume is refused: it would never change', async () => {
  const { lab } = it
  if (lab.engine === 'debian') {
    // The old engine takes the option for granted and mounts the whole volume; its client does not know it.
    expect((await lab.tryDocker('run', '--help')).stdout).not.toContain('volume-subpath')
    return
  }
  const mount = 'type=volume,src=part,dst=/run/secrets,volume-driver=dso,volume-subpath=..data'
  const outcome = await lab.tryDocker(
    'run',
    '--rm',
    '--label',
    `dso.secret.db=${db['secret.db']}`,
    '--mount',
    mount,
    'box',
    'true',
  )
  expect(outcome.code).not.toBe(0)
  expect(outcome.stderr).toContain('mounts a subpath of its dso volume')
})

test('the rollouts of a workload that is gone are still told', async () => {
  const { lab } = it
  await lab.docker(
    'run',
    '-d',
    '--init',
    '--name',
    'past',
    '--label',
    'dso.rotation.settle=100ms',
    ...withSecrets('past', db),
    'box',
    'sleep',
    '1000',
  )
  await lab.dso('secret', 'set', 'dso://local/shop/db#password', { input: 'canary-88bb-password' })
  await lab.dso('sync', 'past', '--wait')
  await lab.docker('rm', '-f', 'past')
  expect(await lab.dso('rollout', 'list', 'past')).toContain('applied')
})
