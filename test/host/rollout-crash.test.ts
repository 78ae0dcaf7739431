import { describe, expect, test } from 'vitest'
import type { RolloutRecord } from '../../src/core/api.ts'
import { eventually } from '../lab/lab.ts'
import { stage, withSecrets } from './stage.ts'

const it = stage()

/** In the order in which a rollout passes them: forward, and back. */
const forward = ['journal', 'renew', 'watch', 'prove', 'closed'].map((name) => `rollout.${name}`)
const back = ['rollout.back', 'back.quarantine', 'back.renew', 'back.start']

const script = 'trap "cat /run/secrets/db >> /told; echo >> /told" HUP; touch /ready; while :; do sleep 0.1; done'

async function run(name: string): Promise<void> {
  const labels = {
    'secret.db': `dso://local/${name}`,
    rotation: 'signal HUP',
    'rotation.check': 'exec grep good /run/secrets/db',
  }
  await it.lab.dso('secret', 'set', `dso://local/${name}`, { input: 'good one' })
  await it.lab.docker('run', '-d', '--init', '--name', name, ...withSecrets(name, labels), 'box', 'sh', '-c', script)
  await eventually(async () => (await it.lab.tryDocker('exec', name, 'test', '-e', '/ready')).code === 0, {
    what: 'start',
  })
}

/** Ends the agent by a crash at `point` while it brings a new value, and starts another one. */
async function crashAt(point: string, name: string, value: string): Promise<void> {
  await it.agent.stop()
  it.agent = await it.lab.startAgent({ env: { DSO_CRASH_AT: point } })
  await it.lab.tryDso('secret', 'set', `dso://local/${name}`, { input: value })
  expect((await it.agent.exited).signal).toBe('SIGKILL')
  it.agent = await it.lab.startAgent()
}

const last = async (name: string): Promise<RolloutRecord | undefined> =>
  (JSON.parse(await it.lab.dso('rollout', 'list', name, '--json')) as RolloutRecord[])[0]

/** Waits until nothing is open; then files, process and record agree. */
async function expectEnd(name: string, value: string, outcomes: readonly string[]): Promise<void> {
  await eventually(async () => outcomes.includes((await last(name))?.outcome ?? ''), {
    what: `end of ${name}`,
    deadlineMs: 20_000,
  })
  expect(await it.lab.docker('exec', name, 'cat', '/run/secrets/db')).toBe(value)
  await eventually(async () => (await it.lab.docker('exec', name, 'tail', '-n', '1', '/told')) === value, {
    what: 'told',
  })
  const { stdout } = await it.lab.run(['sh', '-c', 'grep -l \'"outcome":"open"\' /var/lib/dso/journal/*.json | wc -l'])
  expect(stdout.trim()).toBe('0')
}

describe('the agent dies by kill -9 at a step of a rollout', () => {
  test.each([...forward, 'renew.told', 'swap.1', 'swap.4'])('%s: the next one finishes it', async (point) => {
    const name = `f-${point}`
    await run(name)
    await crashAt(point, name, 'good two')
    await expectEnd(name, 'good two', ['applied'])
  })

  test.each(back)('%s: the next one puts back what was proved', async (point) => {
    const name = `b-${point}`
    await run(name)
    await crashAt(point, name, 'evil')
    await expectEnd(name, 'good one', ['rolled-back'])
  })
})
