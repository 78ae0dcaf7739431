import { randomBytes, randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { describe, expect, test } from 'vitest'
import { ask, eventually } from '../lab/lab.ts'
import { plugin, stage, withSecrets } from './stage.ts'

const value = 'canary-77aa-value'
const labels = { 'secret.db': 'dso://local/db' }

const it = stage(async ({ lab }) => {
  await lab.dso('secret', 'set', 'dso://local/db', { input: value })
  await lab.docker('create', '--name', 'asks', ...withSecrets('raw', labels), 'box', 'true')
})

const socket = () => it.lab.path('/run/docker/plugins/dso.sock')
const mountId = () => randomBytes(32).toString('hex')
const content = async (directory: string | undefined) => (await it.lab.run(['cat', `${directory}/db`])).stdout

describe('the plugin socket', () => {
  test("is root's alone", async () => {
    expect((await it.lab.run(['stat', '-c', '%a %u %g', '/run/docker/plugins/dso.sock'])).stdout.trim()).toBe('600 0 0')
  })

  test('a repeated Mount has one directory, and Unmount of anything succeeds', async () => {
    const id = mountId()
    const answers = await Promise.all([1, 2, 3].map(() => plugin(it.lab, 'Mount', { Name: 'raw', ID: id })))
    expect(new Set(answers.map(({ Mountpoint }) => Mountpoint)).size).toBe(1)
    expect((await plugin(it.lab, 'Mount', { Name: 'raw', ID: id })).Mountpoint).toBe(answers[0]?.Mountpoint)
    expect(await content(answers[0]?.Mountpoint)).toBe(value)
    const other = await plugin(it.lab, 'Mount', { Name: 'raw', ID: mountId() })
    expect(other.Mountpoint).not.toBe(answers[0]?.Mountpoint)
    for (let n = 0; n < 6; n += 1) expect((await plugin(it.lab, 'Unmount', { Name: 'raw', ID: id })).Err).toBe('')
    expect((await plugin(it.lab, 'Unmount', { Name: 'raw', ID: mountId() })).Err).toBe('')
  })

  test('Get, List, Path and Capabilities take milliseconds', async () => {
    for (const [verb, body] of [
      ['Get', { Name: 'raw' }],
      ['Path', { Name: 'raw' }],
      ['List', {}],
      ['Capabilities', {}],
    ] as const) {
      const before = performance.now()
      for (let n = 0; n < 20; n += 1) await plugin(it.lab, verb, body)
      expect((performance.now() - before) / 20).toBeLessThan(20)
    }
  })

  test('docker volume inspect tells facts, no values', async () => {
    await eventually(async () => {
      const status = await it.lab.docker('volume', 'inspect', 'raw', '-f', '{{json .Status}}')
      expect(status).not.toContain(value)
      expect(JSON.parse(status)).toMatchObject({ workload: 'asks', files: 1, mounts: 0 })
    })
  })

  test.each([
    ['POST', '/VolumeDriver.Mount', '', 400],
    ['POST', '/VolumeDriver.Mount', '{"Name":', 400],
    ['POST', '/VolumeDriver.Explode', '{}', 404],
    ['GET', '/VolumeDriver.List', '', 405],
    ['POST', '/VolumeDriver.Create', `{"Name":"v","Opts":{"x":"${'y'.repeat(2_000_000)}"}}`, 413],
  ])('%s %s is answered with a sentence (%#)', async (method, path, body, status) => {
    const answer = await raw(
      `${method} ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    )
    expect(answer).toContain(`HTTP/1.1 ${status} `)
    expect(answer).toContain('"Err":"dso: ')
  })

  test('ten thousand requests of garbage hurt nobody', async () => {
    const rounds = async () => {
      for (let round = 0; round < 50; round += 1) await Promise.all(Array.from({ length: 100 }, () => raw(garbage())))
      return rss()
    }
    const half = await rounds()
    expect((await rounds()) - half).toBeLessThan(50)
    expect(it.agent.running).toBe(true)
    const run = ['run', '--rm', ...withSecrets('after', labels), 'box', 'cat', '/run/secrets/db']
    expect(await it.lab.docker(...run)).toBe(value)
  })

  test('mounts, unmounts, removals and changes of one volume at once leave it whole', async () => {
    const open: { id: string; directory: string }[] = []
    const acts: Record<string, () => Promise<void>> = {
      mount: async () => {
        const id = mountId()
        const { Mountpoint, Err } = await plugin(it.lab, 'Mount', { Name: 'raw', ID: id })
        if (Err) expect(Err).toMatch(/no such volume/)
        else open.push({ id, directory: Mountpoint ?? '' })
      },
      unmount: async () => {
        const one = open.splice(randomInt(open.length + 1), 1)[0]
        expect((await plugin(it.lab, 'Unmount', { Name: 'raw', ID: one?.id ?? mountId() })).Err).toBe('')
      },
      remove: async () => {
        const { Err } = await plugin(it.lab, 'Remove', { Name: 'raw' })
        if (Err) expect(Err).toMatch(/is held by/)
      },
      create: async () => {
        expect((await plugin(it.lab, 'Create', { Name: 'raw', Opts: null })).Err).toBe('')
      },
      change: async () => {
        await it.lab.dso('secret', 'set', 'dso://local/db', { input: `${value}-${randomInt(1000)}` })
      },
    }
    const names = ['mount', 'mount', 'mount', 'unmount', 'unmount', 'create', 'remove', 'change']
    for (let round = 0; round < 15; round += 1) {
      await Promise.all(Array.from({ length: 8 }, () => acts[names[randomInt(names.length)] ?? 'mount']?.()))
      for (const { directory } of open) expect(await content(directory)).toContain(value)
    }
    await acts['create']?.()
    await it.lab.dso('secret', 'set', 'dso://local/db', { input: value })
    const answer = await plugin(it.lab, 'Mount', { Name: 'raw', ID: mountId() })
    expect(await content(answer.Mountpoint)).toBe(value)
    for (const { id } of open) await plugin(it.lab, 'Unmount', { Name: 'raw', ID: id })
  })

  test('with dockerd gone its records decide; with those gone too it is an error, never a marker', async () => {
    const id = mountId()
    await it.lab.killDockerd()
    const answer = await plugin(it.lab, 'Mount', { Name: 'raw', ID: id })
    expect(answer).toMatchObject({ Err: '' })
    expect(await content(answer.Mountpoint)).toBe(value)
    await it.lab.run(['mv', '/var/lib/docker/containers', '/var/lib/docker/away'])
    expect((await plugin(it.lab, 'Mount', { Name: 'raw', ID: mountId() })).Err).toMatch(
      /neither Docker nor its records.*\[VOLUME_UNCLAIMED\]/,
    )
    await it.lab.run(['mv', '/var/lib/docker/away', '/var/lib/docker/containers'])
    await it.lab.startDockerd()
  })
})

describe('without the agent', () => {
  test('containers go on reading, and a start fails with what dockerd says', async () => {
    await it.lab.docker('run', '-d', '--name', 'reads', ...withSecrets('reads', labels), 'box', 'sleep', '1000')
    await it.agent.stop()
    expect(await it.lab.docker('exec', 'reads', 'cat', '/run/secrets/db')).toBe(value)
    const outcome = await it.lab.tryDocker('run', '--rm', ...withSecrets('late', labels), 'box', 'true', {
      timeoutMs: 90_000,
    })
    expect(outcome.code).toBeGreaterThanOrEqual(125)
    expect(outcome.stderr).toMatch(/dial unix \/run\/docker\/plugins\/dso\.sock: connect: no such file or directory/)
    it.agent = await it.lab.startAgent()
    expect(await it.lab.docker('exec', 'reads', 'cat', '/run/secrets/db')).toBe(value)
    await it.lab.dso('secret', 'set', 'dso://local/db', { input: `${value}-new` })
    await eventually(async () => (await it.lab.docker('exec', 'reads', 'cat', '/run/secrets/db')) === `${value}-new`)
    await it.lab.docker('rm', '-f', 'reads')
  })
})

/** The agent's resident memory in MB. */
const rss = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${it.agent.pid}/status`, 'utf8'))?.[1]) / 1024

/** One connection with these bytes; what came back until it ended. */
function raw(bytes: string | Buffer): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  let said = ''
  const connection = createConnection(socket(), () => connection.end(bytes))
  connection.setTimeout(20_000, () => connection.destroy())
  connection.on('data', (chunk: Buffer) => {
    said += chunk.toString('latin1')
  })
  connection.on('error', () => {})
  connection.on('close', () => resolve(said))
  return promise
}

function garbage(): Buffer | string {
  const noise = randomBytes(randomInt(1, 4000))
  const verbs = ['Create', 'Remove', 'Mount', 'Unmount', 'Get', 'Path', 'List', 'Capabilities']
  const path = `/VolumeDriver.${verbs[randomInt(verbs.length)]}`
  const bodies = [
    '',
    '{',
    'null',
    '[]',
    '{"Name":{}}',
    '{"Name":"../../x","ID":"../y"}',
    '{"Name":"nobody","ID":"z"}',
    noise.toString('base64'),
  ]
  const body = bodies[randomInt(bodies.length)] ?? ''
  const length = randomInt(10) === 0 ? body.length + 100 : body.length
  const request = `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n${body}`
  return randomInt(3) === 0 ? noise : request
}

test('the socket answers after all that', async () => {
  const answer = await ask(socket(), '/Plugin.Activate', { method: 'POST' })
  expect(answer.json()).toEqual({ Implements: ['VolumeDriver'] })
})
