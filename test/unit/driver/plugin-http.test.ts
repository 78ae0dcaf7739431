import { createConnection } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { listenUnix } from '../../../src/host/unix.ts'
import { createPluginHandler } from '../../../src/servers/plugin-http.ts'
import { scratch } from './scratch.ts'

async function say(bytes: string): Promise<string> {
  const path = `${scratch()}/dso.sock`
  const handler = createPluginHandler(async (called, body) => ({ status: 200, body: { called, body } }))
  const listening = await listenUnix({ path, mode: 0o600 }, handler)
  onTestFinished(() => listening.close())
  const { promise, resolve } = Promise.withResolvers<string>()
  let said = ''
  const connection = createConnection(path, () => connection.write(bytes))
  connection.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  connection.on('error', () => {})
  connection.on('close', () => resolve(said))
  return promise
}

const request = (method: string, body: string) =>
  `${method} /VolumeDriver.Get HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`

test('a call is answered and its connection ended', async () => {
  const said = await say(request('POST', '{}'))
  expect(said).toMatch(/^HTTP\/1\.1 200 /)
  expect(said).toContain('{"called":"/VolumeDriver.Get","body":"{}"}')
})

test.each([
  ['another method', request('GET', ''), 405],
  ['two megabytes', request('POST', 'x'.repeat(2_000_000)), 413],
  [
    'two megabytes of unknown length',
    `POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1e8480\r\n${'x'.repeat(2_000_000)}\r\n0\r\n\r\n`,
    413,
  ],
])('%s is refused with a sentence', async (_, bytes, status) => {
  const said = await say(bytes)
  expect(said).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
  expect(said).toContain('{"Err":"dso: ')
})

test('what is no HTTP ends only its connection', async () => {
  expect(await say('\0\0\0 garbage\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /)
})
