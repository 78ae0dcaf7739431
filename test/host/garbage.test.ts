import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import { stage, withSecrets } from './stage.ts'

const it = stage(async ({ lab }) => {
  await lab.dso('secret', 'set', 'a', { input: 'value-of-a' })
})

const garbage: readonly string[] = [
  '\0\xff\x01\x16\x03\x01\r\n\r\n',
  'GET /%zz HTTP/1.1\r\n\r\n',
  'GET //[::: HTTP/1.0\r\n\r\n',
  'POST /v1/sync HTTP/1.1\r\ncontent-length: -1\r\n\r\n',
  'POST /v1/pause?workload=../../x HTTP/1.0\r\n\r\n',
  'POST /VolumeDriver.Mount HTTP/1.0\r\ncontent-length: 20\r\n\r\n{"Name":"../../etc',
  'POST /VolumeDriver.Create HTTP/1.0\r\ncontent-length: 4\r\n\r\n[[[[',
  'PUT /v1/secret?ref=dso://local/../x HTTP/1.0\r\ncontent-length: 1\r\n\r\nx',
  `GET /v1/events?since=${'9'.repeat(3000)} HTTP/1.0\r\n\r\n`,
  `GET /${'a'.repeat(40_000)} HTTP/1.1\r\n\r\n`,
  'POST /v1/sync HTTP/1.1\r\ntransfer-encoding: chunked\r\ncontent-length: 3\r\n\r\nzzz\r\n',
  'DELETE /v1/secret HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n',
]

const once = (socket: string, text: string) =>
  new Promise<void>((resolve) => {
    const connection = connect(socket, () => connection.end(text, 'latin1'))
    connection.on('error', () => resolve())
    connection.on('close', () => resolve())
    connection.setTimeout(20_000, () => connection.destroy())
    connection.resume()
  })

const sockets = ['/run/dso/status.sock', '/run/dso/control.sock', '/run/dso/root.sock']

describe('10,000 requests that mean nothing', () => {
  test.each(sockets)('on %s: the agent serves on, and nothing has changed', async (socket) => {
    const before = await it.lab.dso('secret', 'list', '--json')
    const path = it.lab.path(socket)
    for (let round = 0; round < 200; round += 1) {
      await Promise.all(Array.from({ length: 50 }, (_, n) => once(path, garbage[(round + n) % garbage.length] ?? '')))
    }
    expect(it.agent.running).toBe(true)
    expect(await it.lab.dso('secret', 'list', '--json')).toBe(before)
    expect((await it.lab.tryDso('status', '--check')).code).toBe(0)
    const labels = withSecrets('after', { 'secret.a': 'dso://local/a' })
    expect(await it.lab.docker('run', '--rm', ...labels, 'box', 'cat', '/run/secrets/a')).toBe('value-of-a')
    const events = (await it.lab.dso('events', '--json')).split('\n').filter((line) => line.includes('"problem"'))
    expect(events).toEqual([])
  })

  test('idle connections up to the limit do not shut out the next level', async () => {
    const path = it.lab.path('/run/dso/status.sock')
    const idle = Array.from({ length: 100 }, () => connect(path).on('error', () => {}))
    expect(await it.lab.dso('secret', 'list')).toContain('a ')
    for (const connection of idle) connection.destroy()
  })
})
