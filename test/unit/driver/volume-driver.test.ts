import { describe, expect, test } from 'vitest'
import { Failure } from '../../../src/core/failure.ts'
import type { ObservedMount } from '../../../src/core/model.ts'
import { createCatalogue } from '../../../src/docker/catalogue.ts'
import { createVolumeDriver, type VolumeDriverNeeds } from '../../../src/servers/volume-driver.ts'
import { scratch } from './scratch.ts'

function driver(overrides: Partial<VolumeDriverNeeds> = {}) {
  const catalogue = createCatalogue({ file: `${scratch()}/volumes.json` })
  const answer = createVolumeDriver({
    catalogue,
    birth: async (volume, id) => `/run/dso/values/${volume}/${id}/files`,
    used: () => {},
    look: async () => [],
    facts: () => ({ mounts: 0 }),
    activated: () => {},
    ...overrides,
  })
  const call = (verb: string, body?: object) => answer(`/${verb}`, body === undefined ? '' : JSON.stringify(body))
  return { answer, call, catalogue }
}

const id = 'a'.repeat(64)

describe('the plugin protocol', () => {
  test('is activated with an empty body, as dockerd sends it', async () => {
    let times = 0
    const { call } = driver({ activated: () => times++ })
    expect(await call('Plugin.Activate')).toEqual({ status: 200, body: { Implements: ['VolumeDriver'] } })
    expect(times).toBe(1)
  })

  test('answers capabilities and an empty list', async () => {
    const { call } = driver()
    expect((await call('VolumeDriver.Capabilities', {})).body).toEqual({ Capabilities: { Scope: 'local' } })
    expect((await call('VolumeDriver.List')).body).toEqual({ Volumes: [], Err: '' })
  })

  test('knows a volume from its Create to its Remove', async () => {
    const { call } = driver()
    expect((await call('VolumeDriver.Get', { Name: 'v' })).body).toMatchObject({
      Err: expect.stringMatching(/no such volume: v/),
    })
    expect((await call('VolumeDriver.Create', { Name: 'v', Opts: null })).body).toEqual({ Err: '' })
    expect((await call('VolumeDriver.Get', { Name: 'v' })).body).toMatchObject({
      Volume: { Name: 'v', Mountpoint: '', Status: { mounts: 0 } },
      Err: '',
    })
    expect((await call('VolumeDriver.Path', { Name: 'v' })).body).toEqual({ Mountpoint: '', Err: '' })
    expect((await call('VolumeDriver.Remove', { Name: 'v' })).body).toEqual({ Err: '' })
    expect((await call('VolumeDriver.Path', { Name: 'v' })).body).toMatchObject({
      Err: expect.stringMatching(/no such/),
    })
  })

  test('takes a repeated Create, and refuses one with other options', async () => {
    const { call } = driver()
    const Opts = { 'dso.secret.db': 'dso://local/shop/db' }
    await call('VolumeDriver.Create', { Name: 'v', Opts })
    expect((await call('VolumeDriver.Create', { Name: 'v', Opts })).body).toEqual({ Err: '' })
    expect((await call('VolumeDriver.Create', { Name: 'v' })).body).toMatchObject({
      Err: expect.stringMatching(/BAD_LABEL/),
    })
  })

  test.each([
    [{ secret: 'x' }],
    [{ 'dso.secret.db': 'hunter2' }],
    [{ 'dso.rotation': 'live' }],
    [{ 'dso.shim': 'true' }],
    [{ 'dso.secret.db': 'dso://local/shop/db#a?version=3' }],
  ])('refuses the options %j', async (Opts) => {
    const { call, catalogue } = driver()
    const { status, body } = await call('VolumeDriver.Create', { Name: 'v', Opts })
    expect(status).toBe(200)
    expect((body as { Err: string }).Err).toMatch(/^dso: .*\[BAD_(LABEL|REFERENCE)\]$/)
    expect((body as { Err: string }).Err).not.toContain('hunter2')
    expect(catalogue.all()).toEqual([])
  })

  test.each(['../x', 'a/b', '/run/secrets', '.x', 'a b', 'ä', 'x'.repeat(201), 'a\0'])(
    'refuses the name %j',
    async (Name) => {
      const { call, catalogue } = driver()
      for (const verb of ['Create', 'Mount']) {
        const { body } = await call(`VolumeDriver.${verb}`, { Name, ID: id })
        expect((body as { Err: string }).Err).toMatch(/is no name for a volume: .*\[BAD_LABEL\]$/)
      }
      expect(catalogue.all()).toEqual([])
    },
  )

  test('prints the sentence of a failed Mount verbatim', async () => {
    const failure = new Failure('FIELD_NOT_FOUND', 'db needs dso://local/x', 'correct the label', 'shop/api')
    const { call } = driver({ birth: () => Promise.reject(failure) })
    await call('VolumeDriver.Create', { Name: 'v' })
    expect(await call('VolumeDriver.Mount', { Name: 'v', ID: id })).toEqual({
      status: 200,
      body: { Err: failure.message },
    })
  })

  test('lets no text of an error that is not ours pass', async () => {
    const { call } = driver({ birth: () => Promise.reject(Object.assign(new Error('hunter2'), { code: 'ENOSPC' })) })
    await call('VolumeDriver.Create', { Name: 'v' })
    const { body } = await call('VolumeDriver.Mount', { Name: 'v', ID: id })
    expect(body).toEqual({ Err: 'dso: unexpected error ENOSPC: see docker dso events' })
  })

  test('mounts only what it knows, by a usable id', async () => {
    const { call } = driver()
    expect((await call('VolumeDriver.Mount', { Name: 'v', ID: id })).body).toMatchObject({
      Err: expect.stringMatching(/no such/),
    })
    await call('VolumeDriver.Create', { Name: 'v' })
    expect((await call('VolumeDriver.Mount', { Name: 'v', ID: '../x' })).body).toMatchObject({
      Err: expect.stringMatching(/mount id/),
    })
    expect((await call('VolumeDriver.Mount', { Name: 'v', ID: id })).body).toEqual({
      Mountpoint: `/run/dso/values/v/${id}/files`,
      Err: '',
    })
  })

  test('an Unmount of an unknown id succeeds', async () => {
    const { call } = driver()
    expect((await call('VolumeDriver.Unmount', { Name: 'v', ID: 'unknown' })).body).toEqual({ Err: '' })
  })

  test('says what an empty body means: dockerd repeats a call without it when the agent ended in the first', async () => {
    const { answer } = driver()
    const { status, body } = await answer('/VolumeDriver.Mount', '')
    expect(status).toBe(400)
    expect((body as { Err: string }).Err).toMatch(/^dso: the agent ended .*: run the command again \[AGENT_DOWN\]$/)
  })

  test('refuses a Remove while somebody holds the volume', async () => {
    let holders: string[] = ['c'.repeat(64)]
    const held = () => ({ volume: 'v', workload: 'shop/api', holders }) as unknown as ObservedMount
    const { call } = driver({ look: async () => [held()] })
    await call('VolumeDriver.Create', { Name: 'v' })
    expect((await call('VolumeDriver.Remove', { Name: 'v' })).body).toMatchObject({
      Err: expect.stringMatching(/held by container cccccccccccc/),
    })
    setTimeout(() => {
      holders = []
    }, 150)
    expect((await call('VolumeDriver.Remove', { Name: 'v' })).body).toEqual({ Err: '' })
  })
})

describe('what is no call', () => {
  test.each([
    ['/VolumeDriver.Mount', '', 400],
    ['/VolumeDriver.Mount', '{', 400],
    ['/VolumeDriver.Mount', '[]', 400],
    ['/VolumeDriver.Mount', 'null', 400],
    ['/VolumeDriver.Mount', '{"Name":1}', 400],
    ['/VolumeDriver.Mount', '{}', 400],
    ['/VolumeDriver.Create', '{"Name":"v","Opts":{"a":1}}', 400],
    ['/VolumeDriver.Explode', '{}', 404],
    ['/', '{}', 404],
    ['/__proto__', '{}', 404],
    ['/constructor', '{}', 404],
  ])('%s %s: %i with a sentence', async (path, body, status) => {
    const answer = await driver().answer(path, body)
    expect(answer.status).toBe(status)
    expect((answer.body as { Err: string }).Err).toMatch(/^dso: /)
  })
})
