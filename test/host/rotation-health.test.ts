import { describe, expect, test } from 'vitest'
import { rotating } from './rotating.ts'
import { stage, withSecrets } from './stage.ts'

const it = stage()

const { ended, inside, reads, run, set, stateOf } = rotating(it)

const probe = 'grep -q good /run/secrets/db'

describe('the health check of the container decides', () => {
  test('HEALTHCHECK of its image; the quarantine outlives a killed dockerd and a killed agent', async () => {
    await it.lab.image('checked', { dockerfileChanges: [`HEALTHCHECK --interval=1s --timeout=5s CMD ${probe}`] })
    await set('image', 'good')
    const labels = { 'secret.db': 'dso://local/image' }
    await it.lab.docker(
      ...(['run', '-d', '--init', '--restart', 'always', '--name', 'image'] as [string, ...string[]]),
      ...withSecrets('image', labels),
      ...['checked', 'sleep', '1000'],
    )
    await set('image', 'good too')
    expect(await ended('image')).toMatchObject({ outcome: 'applied' })
    await set('image', 'evil')
    expect(await ended('image', 2)).toMatchObject({ outcome: 'rolled-back' })
    expect(await inside('image')).toBe('good too')

    await it.lab.killDockerd()
    await it.agent.kill9()
    it.agent = await it.lab.startAgent()
    await it.lab.startDockerd()
    await reads('image', 'good too')
    expect(await stateOf('image')).toMatchObject({ quarantined: [{ version: '3', serving: '2' }] })
    expect(await it.lab.dso('status')).toMatch(/image: dso:\/\/local\/image version 3 is quarantined: /)
  })

  test('healthcheck of a Compose service', async () => {
    await set('compose', 'good')
    it.lab.write(
      '/root/web/compose.yaml',
      `services:
  api:
    image: box
    command: sleep 1000
    init: true
    healthcheck: { test: "${probe}", interval: 1s, timeout: 5s }
    volumes: ["secrets:/run/secrets"]
    labels:
      dso.secret.db: dso://local/compose
volumes:
  secrets: { driver: dso }
`,
    )
    await it.lab.compose('/root/web', 'up', '-d')
    await set('compose', 'good too')
    expect(await ended('web/api')).toMatchObject({ outcome: 'applied' })
    await set('compose', 'evil')
    expect(await ended('web/api', 2)).toMatchObject({ outcome: 'rolled-back' })
    expect(await inside('web-api-1')).toBe('good too')
  })

  test('tcp on the container itself', async () => {
    await set('tcp', 'one')
    await run('tcp', { 'rotation.check': 'tcp://:5432', 'rotation.timeout': '10s' }, [], 'httpd -p 5432 -h /home')
    await set('tcp', 'two')
    expect(await ended('tcp')).toMatchObject({ outcome: 'applied' })
    const fall = 'until grep -q three /run/secrets/db; do sleep 0.1; done; killall httpd'
    await it.lab.docker('exec', '-d', 'tcp', 'sh', '-c', fall)
    await set('tcp', 'three')
    expect(await ended('tcp', 2)).toMatchObject({ outcome: 'rolled-back' })
    expect(await inside('tcp')).toBe('two')
  })
})

describe('dso.rotation.gather', () => {
  test('makes changes within it one rollout', async () => {
    await set('gather', 'one')
    await run('gather', { 'rotation.gather': '3s' })
    await set('gather', 'two')
    await set('gather', 'three')
    expect(await ended('gather')).toMatchObject({ cause: 'dso://local/gather changed (version 1 to 3)' })
    expect(await inside('gather')).toBe('three')
  })
})

describe('an open watch', () => {
  test('ends when the container is removed', async () => {
    await set('removed', 'one')
    await run('removed', { 'rotation.settle': '60s' })
    await set('removed', 'two')
    await reads('removed', 'two')
    await it.lab.docker('rm', '-f', 'removed')
    expect(await ended('removed')).toMatchObject({ outcome: 'ended' })
    expect(await it.lab.docker('ps', '-aq', '--filter', 'name=removed')).toBe('')
    expect(await stateOf('removed')).toBeUndefined()
  })
})
