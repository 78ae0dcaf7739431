import { afterEach, describe, expect, test } from 'vitest'
import { type Agent, eventually, type Lab, openLab } from '../lab/lab.ts'
import { engine, withSecrets } from './stage.ts'

const value = 'canary-b007-value'
const labels = { 'secret.db': 'dso://local/db' }

let lab: Lab
let agent: Agent

afterEach(async () => {
  await lab?.close()
})

async function opened(yaml?: string): Promise<void> {
  lab = await openLab({ engine })
  if (yaml) lab.write('/etc/dso/dso.yaml', yaml, 0o600)
  agent = await lab.startAgent()
}

/** Ends at once when it is told to. */
const untilTold = ['sh', '-c', 'trap exit TERM; sleep 100000 & wait']

async function runMany(count: number, policy: string): Promise<string[]> {
  const names = Array.from({ length: count }, (_, n) => `c${n}`)
  for (let at = 0; at < count; at += 5) {
    await Promise.all(
      names.slice(at, at + 5).map((name, n) => {
        const restart = ['--restart', policy, '--network', 'none']
        return lab.docker(
          'run',
          '-d',
          '--name',
          name,
          ...restart,
          ...withSecrets(`v${(at + n) % 10}`, labels),
          'box',
          ...untilTold,
        )
      }),
    )
  }
  return names
}

const running = async () => (await lab.docker('ps', '-q')).split('\n').filter(Boolean).length
const reads = async (name: string) => (await lab.docker('exec', name, 'cat', '/run/secrets/db')) === value

/** What each container's own process sees, read from outside. */
async function allRead(names: readonly string[]): Promise<void> {
  const pids = (await lab.docker('inspect', '-f', '{{.State.Pid}}', ...names)).split('\n')
  const { stdout } = await lab.run(['tail', '-n', '+1', ...pids.map((pid) => `/proc/${pid}/root/run/secrets/db`)])
  expect(stdout.split(value)).toHaveLength(names.length + 1)
}

/** The host goes down and comes back: nothing of /run is left, and the agent starts before dockerd. */
async function reboot(): Promise<void> {
  await agent.stop()
  await lab.stopDockerd()
  await lab.run([
    'sh',
    '-c',
    'while m=$(grep -o " /run/dso/[^ ]*" /proc/self/mounts | tail -n 1); [ -n "$m" ]; do umount -l $m; done; rm -rf /run/dso',
  ])
  agent = await lab.startAgent()
  await lab.startDockerd({ wait: false })
}

describe('dockerd starts again', () => {
  test('with 50 containers: restarted, killed, and after a reboot', async () => {
    await opened()
    await lab.dso('secret', 'set', 'dso://local/db', { input: value })
    const names = await runMany(50, 'always')
    await lab.stopDockerd()
    await lab.startDockerd()
    await eventually(async () => (await running()) === 50, {
      deadlineMs: 30_000,
      what: '50 containers after a restart',
    })
    await allRead(names)

    await lab.killDockerd()
    await lab.startDockerd()
    await eventually(async () => (await running()) === 50, { deadlineMs: 30_000, what: '50 containers after a kill' })
    await allRead(names)

    await reboot()
    await lab.dockerd.ready(60_000)
    await eventually(async () => (await running()) === 50, { deadlineMs: 30_000, what: '50 containers after a reboot' })
    await allRead(names)
    expect((await lab.docker('volume', 'ls', '-q')).split('\n')).toHaveLength(10)
  }, 300_000)

  test('keeps the labels of volumes, and an Unmount by an old id does no harm', async () => {
    await opened()
    await lab.dso('secret', 'set', 'dso://local/db', { input: value })
    await lab.docker('volume', 'create', '-d', 'dso', '--label', 'mine=yes', 'labelled')
    await lab.docker(
      'run',
      '-d',
      '--name',
      'web',
      '--restart',
      'always',
      ...withSecrets('labelled', labels),
      'box',
      ...untilTold,
    )
    for (const how of [lab.stopDockerd, lab.killDockerd]) {
      await how()
      await lab.startDockerd()
      expect(await lab.docker('volume', 'inspect', '-f', '{{.Labels.mine}}', 'labelled')).toBe('yes')
      await eventually(() => reads('web'), { deadlineMs: 20_000 })
    }
    await lab.docker('stop', '-t', '0', 'web')
    await lab.docker('start', 'web')
    expect(await reads('web')).toBe(true)
  })

  test('live-restore: containers read on through both restarts', async () => {
    lab = await openLab({ engine, daemonJson: { 'live-restore': true } })
    agent = await lab.startAgent()
    await lab.dso('secret', 'set', 'dso://local/db', { input: value })
    await lab.docker('run', '-d', '--name', 'web', ...withSecrets('lr', labels), 'box', ...untilTold)
    await lab.stopDockerd()
    await agent.kill9()
    agent = await lab.startAgent()
    await lab.startDockerd()
    expect(await reads('web')).toBe(true)
    await lab.dso('secret', 'set', 'dso://local/db', { input: `${value}-2` })
    await eventually(async () => (await lab.docker('exec', 'web', 'cat', '/run/secrets/db')) === `${value}-2`)
    await lab.docker('stop', '-t', '0', 'web')
    await lab.docker('start', 'web')
    expect(await lab.docker('exec', 'web', 'cat', '/run/secrets/db')).toBe(`${value}-2`)
  })
})

describe('the vault is locked when the host boots', () => {
  test('containers with a policy wait, and are started when it is unlocked; others stay as they are', async () => {
    await opened('local: {key: passphrase}\n')
    await lab.dso('unlock', { input: 'correct horse' })
    await lab.dso('secret', 'set', 'dso://local/db', { input: value })
    const names = await runMany(5, 'unless-stopped')
    await lab.docker('create', '--name', 'never', ...withSecrets('never', labels), 'box', 'sleep', '1000')
    await reboot()
    await lab.dockerd.ready(60_000)
    expect(await running()).toBe(0)
    const { stderr } = await lab.tryDocker('start', 'never')
    expect(stderr).toMatch(/dso: never: .*; then start it again \[LOCAL_LOCKED\]/)
    expect(lab.dockerdLog()).toMatch(/dso: c\d: .*; it will be started then \[LOCAL_LOCKED\]/)
    await lab.dso('unlock', { input: 'correct horse' })
    await eventually(async () => (await running()) === 5, { deadlineMs: 30_000, what: 'the containers that waited' })
    await allRead(names)
    expect(await lab.docker('inspect', '-f', '{{.State.Status}}', 'never')).toBe('created')
  }, 180_000)
})
