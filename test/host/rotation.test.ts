import { describe, expect, test } from 'vitest'
import { eventually } from '../lab/lab.ts'
import { rotating } from './rotating.ts'
import { stage } from './stage.ts'

const it = stage()

const { ended, inside, outcomes, reads, rollouts, run, set, stateOf } = rotating(it)

describe('live', () => {
  test('a running container reads the new value, and it is proved after it has settled', async () => {
    await set('live', 'one')
    await run('live', {})
    await set('live', 'two')
    await reads('live', 'two')
    expect(await ended('live')).toMatchObject({
      outcome: 'applied',
      strategy: 'live',
      cause: 'dso://local/live changed (version 1 to 2)',
    })
    expect((await stateOf('live'))?.state).toBe('ok')
  })

  test('an agent restart rotates nothing that is right', async () => {
    const before = (await rollouts('live')).length
    await it.agent.stop()
    it.agent = await it.lab.startAgent()
    await it.lab.dso('sync', '--wait')
    expect((await rollouts('live')).length).toBe(before)
    expect(await inside('live')).toBe('two')
  })
})

describe('signal', () => {
  const script = 'trap "cat /run/secrets/db >> /told; echo >> /told" HUP'

  test('the process is told once, when the new file is there', async () => {
    await set('signal', 'one')
    await run('signal', { rotation: 'signal SIGHUP' }, [], script)
    await set('signal', 'two')
    await ended('signal')
    expect(await it.lab.docker('exec', 'signal', 'cat', '/told')).toBe('two')
  })

  test('told again when the values are put back', async () => {
    await set('again', 'good')
    const check = { rotation: 'signal SIGHUP', 'rotation.check': 'exec grep good /run/secrets/db' }
    await run('again', check, [], script)
    await set('again', 'bad')
    expect(await ended('again')).toMatchObject({ outcome: 'rolled-back' })
    await eventually(async () => (await it.lab.docker('exec', 'again', 'cat', '/told')) === 'bad\ngood', {
      what: 'told',
    })
  })
})

describe('a value that does not do', () => {
  const check = { 'rotation.check': 'exec grep good /run/secrets/db' }

  test('is taken back, quarantined, and not given to later starts until the source has another', async () => {
    await set('bad', 'good')
    await run('bad', check)
    await set('bad', 'evil')
    const record = await ended('bad')
    expect(record).toMatchObject({ outcome: 'rolled-back', message: 'bad: its check ended with exit status 1' })
    expect(await inside('bad')).toBe('good')
    expect(await stateOf('bad')).toMatchObject({ state: 'rolled-back', quarantined: [{ version: '2', serving: '1' }] })
    await it.lab.docker('restart', '-t', '0', 'bad')
    await reads('bad', 'good')

    await it.agent.kill9()
    it.agent = await it.lab.startAgent()
    await it.lab.dso('sync', '--wait')
    expect(await inside('bad')).toBe('good')

    await set('bad', 'good too')
    await reads('bad', 'good too')
    expect(await ended('bad', 2)).toMatchObject({ outcome: 'applied' })
    expect((await stateOf('bad'))?.quarantined).toEqual([])
  })

  test('sync --retry tries it again', async () => {
    await set('retry', 'good')
    await run('retry', check)
    await set('retry', 'evil')
    await ended('retry')
    const again = await it.lab.tryDso('sync', 'retry', '--retry', '--wait')
    expect(again.code).toBe(7)
    expect(await outcomes('retry')).toEqual(['rolled-back', 'rolled-back'])
  })

  test('a container that died of it is started with the old one', async () => {
    await set('died', 'good')
    const script = 'trap "grep -q good /run/secrets/db || exit 3" HUP'
    await run('died', { rotation: 'signal HUP' }, [], script)
    await set('died', 'evil')
    expect(await ended('died')).toMatchObject({ outcome: 'rolled-back', message: 'died: it ended with exit status 3' })
    await reads('died', 'good')
  })

  test('one that dockerd restarts itself gets the old value at its start', async () => {
    await set('policy', 'good')
    const script = 'cat /run/secrets/db >> /seen; trap "grep -q good /run/secrets/db || exit 3" HUP'
    await run('policy', { rotation: 'signal HUP' }, ['--restart', 'always'], script)
    await set('policy', 'evil')
    expect(await ended('policy')).toMatchObject({ outcome: 'rolled-back' })
    await eventually(async () => (await it.lab.docker('exec', 'policy', 'cat', '/seen')) === 'goodgood', {
      what: 'restart',
    })
  })

  test('by HEALTHCHECK: a probe that fails after the change', async () => {
    await set('probe', 'good')
    const probe = ['--health-cmd', 'grep -q good /run/secrets/db', '--health-interval', '1s', '--health-retries', '5']
    await run('probe', {}, probe)
    await set('probe', 'evil')
    expect(await ended('probe')).toMatchObject({ outcome: 'rolled-back' })
    expect(await inside('probe')).toBe('good')
  })

  test('a workload that was unhealthy before keeps the new value', async () => {
    await set('ill', 'one')
    const probe = ['--health-cmd', 'false', '--health-interval', '500ms', '--health-retries', '1']
    await run('ill', {}, probe)
    await eventually(
      async () => (await it.lab.docker('inspect', '-f', '{{.State.Health.Status}}', 'ill')) === 'unhealthy',
      { what: 'unhealthy' },
    )
    await set('ill', 'two')
    expect(await ended('ill')).toMatchObject({ outcome: 'applied' })
    expect(await inside('ill')).toBe('two')
  })
})

describe('an open watch', () => {
  const slow = { 'rotation.settle': '60s' }

  test('ends with the container, and nothing is started', async () => {
    await set('stopped', 'one')
    await run('stopped', slow)
    await set('stopped', 'two')
    await reads('stopped', 'two')
    await it.lab.docker('stop', '-t', '1', 'stopped')
    expect(await ended('stopped')).toMatchObject({ outcome: 'ended' })
    expect(await it.lab.docker('inspect', '-f', '{{.State.Running}}', 'stopped')).toBe('false')
    await it.lab.docker('start', 'stopped')
    await reads('stopped', 'two')
  })

  test('is superseded by a newer value, and the way back stays the proved one', async () => {
    await set('newer', 'good')
    await run('newer', { 'rotation.check': 'exec grep good /run/secrets/db', 'rotation.timeout': '30s' })
    await set('newer', 'evil')
    await reads('newer', 'evil')
    await set('newer', 'worse')
    await reads('newer', 'worse')
    await ended('newer', 2)
    expect(await outcomes('newer')).toEqual(['rolled-back', 'superseded'])
    expect(await inside('newer')).toBe('good')
  })

  test('is taken up again after kill -9 of the agent', async () => {
    await set('killed', 'good')
    await run('killed', slow)
    await set('killed', 'evil')
    await reads('killed', 'evil')
    await it.agent.kill9()
    await it.lab.docker('exec', 'killed', 'touch', '/fall')
    await eventually(async () => (await it.lab.docker('inspect', '-f', '{{.State.Running}}', 'killed')) === 'false', {
      what: 'its end',
    })
    it.agent = await it.lab.startAgent()
    expect(await ended('killed')).toMatchObject({
      outcome: 'rolled-back',
      message: 'killed: it ended with exit status 5',
    })
  })
})
