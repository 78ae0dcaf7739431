import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createEngine } from '../../../src/docker/engine.ts'

let folder: string
let socket: string
let server: Server
let asked: string[]
const soon = () => AbortSignal.timeout(5000)

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dso-engine-'))
  socket = join(folder, 'docker.sock')
  asked = []
})
afterEach(() => {
  server?.closeAllConnections()
  server?.close()
  rmSync(folder, { recursive: true })
})

type Route = (request: IncomingMessage, response: ServerResponse) => void

/** What Docker would answer, by path without version. */
async function docker(routes: Record<string, unknown>, apiVersion = '1.41') {
  const all: Record<string, unknown> = { '/version': { Version: '20.10.24', ApiVersion: apiVersion }, ...routes }
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    const path = (request.url ?? '').replace(/^\/v1\.\d+/, '').replace(/\?.*/, '')
    const route = all[path]
    if (route === undefined) response.writeHead(404).end('{"message":"no such thing: \\u001b[31m"}')
    else if (typeof route === 'function') (route as Route)(request, response)
    else response.end(JSON.stringify(route))
  })
  await new Promise<void>((resolve) => server.listen(socket, resolve))
  return createEngine({ socket })
}

describe('the version of the API', () => {
  test('is the newest that both know, agreed once', async () => {
    const engine = await docker({ '/info': {} })
    await engine.info(soon())
    await engine.info(soon())
    expect(asked).toEqual(['GET /version', 'GET /v1.41/info', 'GET /v1.41/info'])
  })

  test('is ours with a newer engine', async () => {
    const engine = await docker({ '/info': {} }, '1.99')
    await engine.info(soon())
    expect(asked[1]).toBe('GET /v1.51/info')
  })

  test('tells what is not Docker', async () => {
    const engine = await docker({ '/version': { ApiVersion: '<html>' } })
    await expect(engine.info(soon())).rejects.toMatchObject({ kind: 'malformed' })
  })
})

describe('an error', () => {
  test('says which kind, in printable words of Docker', async () => {
    const engine = await docker({
      '/containers/a/kill': ((_, response) => response.writeHead(409).end('{"message":"is not running"}')) as Route,
      '/containers/a/start': ((_, response) => response.writeHead(304).end()) as Route,
      '/containers/b/json': ((_, response) => response.writeHead(500).end('<html>secret</html>')) as Route,
    })
    await expect(engine.inspect('nope', soon())).rejects.toMatchObject({
      kind: 'absent',
      status: 404,
      message: 'no such thing: \\u{1b}[31m',
    })
    await expect(engine.kill('a', 'SIGHUP', soon())).rejects.toMatchObject({ kind: 'conflict', status: 409 })
    await expect(engine.inspect('b', soon())).rejects.toMatchObject({ kind: 'refused', message: 'Docker answered 500' })
    await engine.start('a', soon())
  })

  test('tells no Docker, a slow one, and a caller who gave up', async () => {
    await expect(createEngine({ socket: '/nowhere' }).ping(soon())).rejects.toMatchObject({ kind: 'unreachable' })
    const engine = await docker({ '/_ping': (() => {}) as Route })
    await expect(engine.ping(AbortSignal.timeout(30))).rejects.toMatchObject({ kind: 'timeout' })
    const mine = new AbortController()
    const call = engine.ping(mine.signal)
    mine.abort('enough')
    await expect(call).rejects.toBe('enough')
  })
})

test('a kept connection that Docker closed is asked anew', async () => {
  const engine = await docker({ '/info': { Name: 'one' } })
  await engine.info(soon())
  server.closeAllConnections()
  expect(await engine.info(soon())).toMatchObject({ name: 'one' })
})

test('the list by volume compares names itself: the filter matches places too', async () => {
  const row = (id: string, volume: string, destination: string) => ({
    Id: id,
    Names: ['/other/alias', `/${id}`],
    State: 'exited',
    Labels: { a: 'b' },
    ImageID: 'sha256:1',
    Created: 5,
    Mounts: [
      { Type: 'bind', Source: '/x', Destination: '/y' },
      { Type: 'volume', Name: volume, Driver: 'dso', Destination: destination },
    ],
  })
  const engine = await docker({
    '/containers/json': [row('one', '/run/secrets', '/a'), row('two', 'v', '/run/secrets')],
  })
  expect(await engine.containers({ all: true, volume: '/run/secrets' }, soon())).toEqual([
    {
      id: 'one',
      name: 'one',
      state: 'exited',
      labels: { a: 'b' },
      imageId: 'sha256:1',
      created: 5,
      mounts: [{ volume: '/run/secrets', driver: 'dso', destination: '/a' }],
    },
  ])
  expect(decodeURIComponent(asked[1] ?? '')).toBe(
    'GET /v1.41/containers/json?all=1&filters={"volume":["/run/secrets"]}',
  )
})

describe('an image that has one of each platform', () => {
  const manifest = { digest: 'sha256:m', platform: { architecture: '386', os: 'linux' } }
  const row = { Id: 'one', Names: ['/one'], ImageID: 'sha256:index', ImageManifestDescriptor: manifest }
  const answering = (id: string) =>
    docker({
      '/containers/json': [row],
      '/images/sha256%3Aindex/json': { Id: id, Config: { Labels: { 'dso.mode': '1' } } },
    })

  test('is asked for by the platform that the container was made of', async () => {
    const engine = await answering('sha256:m')
    const [container] = await engine.containers({ all: true }, soon())
    expect(await engine.image(container?.imageId ?? '', soon())).toMatchObject({ labels: { 'dso.mode': '1' } })
    expect(decodeURIComponent(asked.at(-1) ?? '')).toMatch(
      /images\/sha256:index\/json\?platform={"os":"linux","architecture":"386"}$/,
    )
  })

  test('stays unknown where Docker tells of another one', async () => {
    const engine = await answering('sha256:of-this-host')
    const [container] = await engine.containers({ all: true }, soon())
    await expect(engine.image(container?.imageId ?? '', soon())).rejects.toMatchObject({ kind: 'refused' })
  })
})

test('of a program run in a container only its exit and size are kept', async () => {
  const frame = Buffer.concat([Buffer.from([1, 0, 0, 0, 0, 0, 0, 5]), Buffer.from('hello')])
  const engine = await docker({
    '/containers/c/exec': { Id: 'e1' },
    '/exec/e1/start': ((_, response) => response.end(Buffer.concat([frame, frame]))) as Route,
    '/exec/e1/json': { ExitCode: 3 },
  })
  expect(await engine.exec('c', ['a', 'b'], soon())).toEqual({ exitCode: 3, bytes: 10 })
})

describe('events', () => {
  const line = (action: string) =>
    JSON.stringify({
      Type: 'container',
      Action: action,
      Actor: { ID: 'c', Attributes: { name: 'n', exitCode: '0' } },
      timeNano: 1_700_000_000_123_000_000,
    })

  test('come whole, however they are cut, and end by throwing', async () => {
    const text = `${line('start')}\n${line('health_status: healthy')}\n`
    const engine = await docker({
      '/events': (async (_, response) => {
        for (let at = 0; at < text.length; at += 7) {
          response.write(text.slice(at, at + 7))
          await new Promise((resolve) => setImmediate(resolve))
        }
        response.end()
      }) as Route,
    })
    const actions: string[] = []
    const read = async () => {
      for await (const event of engine.events({ since: 1500 }, soon()))
        actions.push(`${event.id} ${event.action} ${event.at}`)
    }
    await expect(read()).rejects.toMatchObject({ kind: 'unreachable' })
    expect(actions).toEqual(['c start 1700000000123', 'c health_status: healthy 1700000000123'])
    expect(asked[1]).toContain('since=1.500')
  })

  test('end when the caller gives up', async () => {
    const engine = await docker({ '/events': ((_, response) => void response.write(`${line('start')}\n`)) as Route })
    const mine = new AbortController()
    const read = async () => {
      for await (const _ of engine.events({}, mine.signal)) mine.abort('enough')
    }
    await expect(read()).rejects.toBe('enough')
  })
})
