import { describe, expect, test } from 'vitest'
import { eventually } from '../lab/lab.ts'
import { rotating } from './rotating.ts'
import { stage } from './stage.ts'

const it = stage()

const { ended, inside, outcomes, reads, rollouts, run, set, stateOf } = rotating(it)

const compose = (labels: string) => `services:
  api:
    image: box
    command: sleep 1000
    init: true
    scale: 3
    volumes: ["secrets:/run/secrets"]
    labels:
      dso.secret.db: dso://local/shop
      ${labels}
volumes:
  secrets: { driver: dso }
`

describe('a Compose service', () => {
  test('all replicas change, and are taken back, as one', async () => {
    await set('shop', 'good')
    it.lab.write('/root/shop/compose.yaml', compose('dso.rotation.check: exec grep good /run/secrets/db'))
    await it.lab.compose('/root/shop', 'up', '-d')
    const all = async () => {
      const values = await Promise.all([1, 2, 3].map((number) => inside(`shop-api-${number}`)))
      return [...new Set(values)].join()
    }
    await set('shop', 'good too')
    expect(await ended('shop/api')).toMatchObject({ outcome: 'applied' })
    expect(await all()).toBe('good too')
    await set('shop', 'evil')
    expect(await ended('shop/api', 2)).toMatchObject({ outcome: 'rolled-back' })
    expect(await all()).toBe('good too')
    await it.lab.compose('/root/shop', 'down')
  })

  test('compose down while it is watched ends the rollout and starts nothing', async () => {
    await set('shop', 'one')
    it.lab.write('/root/shop/compose.yaml', compose('dso.rotation.settle: 60s'))
    await it.lab.compose('/root/shop', 'up', '-d')
    const before = (await rollouts('shop/api')).length
    await set('shop', 'two')
    await reads('shop-api-2', 'two')
    await it.lab.compose('/root/shop', 'down', '-t', '1')
    expect(await ended('shop/api', before + 1)).toMatchObject({ outcome: 'ended' })
    expect(await it.lab.docker('ps', '-aq', '--filter', 'name=shop-api')).toBe('')
  })
})

describe('an open watch', () => {
  test('docker restart ends it; the new process is moved afterwards', async () => {
    await set('again', 'one')
    await run('again', { 'rotation.settle': '2s' })
    await set('again', 'two')
    await reads('again', 'two')
    await it.lab.docker('restart', '-t', '1', 'again')
    await reads('again', 'two')
    await eventually(async () => (await outcomes('again')).includes('ended'), {
      what: 'ended',
    })
    await eventually(async () => (await stateOf('again'))?.state === 'ok', { what: 'ok', deadlineMs: 20_000 })
  })

  test('a stopped agent leaves it to the next one', async () => {
    await set('handed', 'one')
    await run('handed', { 'rotation.settle': '3s' })
    await set('handed', 'two')
    await reads('handed', 'two')
    await it.agent.stop()
    it.agent = await it.lab.startAgent()
    expect(await ended('handed')).toMatchObject({ outcome: 'applied' })
    expect(await rollouts('handed')).toHaveLength(1)
  })

  test('a dockerd that was killed ends it, and the container comes back with what is current', async () => {
    await set('daemon', 'one')
    await run('daemon', { 'rotation.settle': '60s' }, ['--restart', 'always'])
    await set('daemon', 'two')
    await reads('daemon', 'two')
    await it.lab.killDockerd()
    await it.lab.startDockerd()
    await reads('daemon', 'two')
    await eventually(async () => (await outcomes('daemon')).includes('ended'), {
      what: 'ended',
      deadlineMs: 30_000,
    })
    expect((await stateOf('daemon'))?.quarantined).toEqual([])
  })
})

describe('a check by network', () => {
  const httpd = 'mkdir /www; echo ok > /www/ready; httpd -p 8080 -h /www'

  test('http on the container itself', async () => {
    await set('web', 'one')
    await run('web', { 'rotation.check': 'http://:8080/ready' }, [], httpd)
    await set('web', 'two')
    expect(await ended('web')).toMatchObject({ outcome: 'applied' })
    await it.lab.docker('exec', 'web', 'rm', '/www/ready')
    await it.lab.docker('exec', 'web', 'sh', '-c', 'echo ok > /www/ready')
    await it.lab.docker(
      'exec',
      '-d',
      'web',
      'sh',
      '-c',
      'while [ "$(cat /run/secrets/db)" = two ]; do :; done; rm /www/ready',
    )
    await set('web', 'three')
    expect(await ended('web', 2)).toMatchObject({
      outcome: 'rolled-back',
      message: 'web: its check answered with HTTP status 404',
    })
    expect(await inside('web')).toBe('two')
  })

  test('a host-network container has no address of its own: refused before anything changes', async () => {
    await set('hosted', 'one')
    await run('hosted', { 'rotation.check': 'tcp://:22' }, ['--network', 'host'])
    await set('hosted', 'two')
    await eventually(async () => /STRATEGY_IMPOSSIBLE/.test((await stateOf('hosted'))?.message ?? ''), {
      what: 'refusal',
    })
    expect(await inside('hosted')).toBe('one')
  })
})
