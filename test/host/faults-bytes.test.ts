import { createHash, randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { eventually } from '../lab/lab.ts'
import { deliveredFiles, stage, withSecrets } from './stage.ts'

/** Values whose bytes are easily lost on the way. */
const values: Readonly<Record<string, Buffer>> = {
  empty: Buffer.alloc(0),
  every: Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
  nul: Buffer.from('a\0b\0'),
  invalid: Buffer.from([0xc3, 0x28, 0xff, 0xfe, 0xed, 0xa0, 0x80]),
  crlf: Buffer.from('one\r\ntwo\r\n'),
  newline: Buffer.from('ends in one\n'),
  newlines: Buffer.from('ends in three\n\n\n'),
  blank: Buffer.from(' \t '),
  bom: Buffer.from('\ufeffbegins with a mark'),
  json: Buffer.from('{ "a": 1.0, "b": 12345678901234567890 }\n'),
  label: Buffer.from('<dso://local/other> $(id) |url'),
  largest: randomBytes(1024 * 1024),
}
const names = Object.keys(values)
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
const sumsOf = (shift: number) =>
  names
    .map((name, at) => `${sha256(values[names[(at + shift) % names.length] ?? ''] ?? Buffer.alloc(0))}  ${name}`)
    .sort()

const it = stage(async ({ lab }) => {
  for (const [name, input] of Object.entries(values)) await lab.dso('secret', 'set', `bytes/${name}`, { input })
})

const set = (path: string, input: Buffer | string) => it.lab.tryDso('secret', 'set', path, { input })
const fields = (path: string, value: Readonly<Record<string, string>>) =>
  it.lab.dso('secret', 'set', path, '--fields', { input: JSON.stringify(value) })

describe('bytes', () => {
  const labels = Object.fromEntries(names.map((name) => [`secret.${name}`, `dso://local/bytes/${name}`]))
  const sums = async () =>
    (await it.lab.docker('exec', 'exact', 'sh', '-c', 'cd /run/secrets; sha256sum *')).split('\n').sort()

  test('are delivered exactly, at the start and by a change', async () => {
    await it.lab.docker('run', '-d', '--name', 'exact', ...withSecrets('exact', labels), 'box', 'sleep', '1000')
    expect(await sums()).toEqual(sumsOf(0))
    for (const [at, name] of names.entries()) {
      const input = values[names[(at + 1) % names.length] ?? ''] ?? Buffer.alloc(0)
      expect((await set(`bytes/${name}`, input)).code).toBe(0)
    }
    await eventually(async () => (await sums()).join() === sumsOf(1).join(), { what: 'all values exchanged' })
    for (const [name, input] of Object.entries(values)) await set(`bytes/${name}`, input)
    await eventually(async () => (await sums()).join() === sumsOf(0).join(), { what: 'all values back' })
    await it.lab.docker('rm', '-f', 'exact')
  })

  test('over the limit are refused, and what was there stays', async () => {
    const outcome = await set('bytes/newline', Buffer.alloc(1024 * 1024 + 1, 'x'))
    expect(outcome.code).toBe(2)
    expect(outcome.stderr).toMatch(/\[VALUE_TOO_LARGE\]/)
    expect(await it.lab.dso('secret', 'get', 'bytes/newline', '--reveal')).toBe('ends in one')
  })

  test('that grow past the limit by a filter are refused at the start', async () => {
    const grown = withSecrets('grown', { 'secret.big': 'dso://local/bytes/largest|base64' })
    const outcome = await it.lab.tryDocker('run', '--rm', ...grown, 'box', 'true')
    expect(outcome.stderr).toMatch(/\[VALUE_TOO_LARGE\]/)
    expect(await deliveredFiles(it.lab, 'big')).toEqual([])
  })
})

describe('names of files', () => {
  const bad: readonly string[] = [
    '../etc/passwd',
    'a/../../b',
    '/etc/passwd',
    '..data',
    '..',
    '..env',
    'a/b',
    'a b',
    'line\nbreak',
    'x'.repeat(256),
    'caf\u00e9',
    'cafe\u0301',
    '\u{1f511}',
    '\u202egpj.exe',
    '',
  ]

  test.each(bad)('a label asks for %j: refused with a sentence', async (name) => {
    const create = { Image: 'box', Cmd: ['true'], Labels: { [`dso.secret.${name}`]: 'dso://local/bytes/newline' } }
    expect(await refusal(create)).toMatch(/dso: [^\n]*\[BAD_LABEL\]/)
  })

  test('a NUL in a label is refused', async () => {
    const create = { Image: 'box', Cmd: ['true'], Labels: { 'dso.secret.a\0b': 'dso://local/bytes/newline' } }
    expect(await refusal(create)).toMatch(/\[BAD_LABEL\]|NUL|null|invalid/i)
  })

  test.each(['../up', '..data', 'a/b', 'caf\u00e9', '\u{1f511}', 'sp ace', 'x'.repeat(256), '..'])(
    'a field is called %j: all fields as files is refused',
    async (name) => {
      await fields('names/odd', { [name]: 'v', fine: 'w' })
      const all = withSecrets('odd', { 'secret.*': 'dso://local/names/odd#*' })
      const outcome = await it.lab.tryDocker('run', '--rm', ...all, 'box', 'true')
      expect(outcome.code).toBe(125)
      expect(outcome.stderr).toMatch(/dso: [^\n]*\[[A-Z_]+\]/)
      expect(await deliveredFiles(it.lab, 'fine')).toEqual([])
    },
  )

  test('a field that another spelling could name is refused when it is set', async () => {
    const outcome = await it.lab.tryDso('secret', 'set', 'names/nfd', '--fields', {
      input: JSON.stringify({ 'cafe\u0301': 'v' }),
    })
    expect(outcome.stderr).toMatch(/only one spelling: .*\[BAD_REFERENCE\]/)
  })

  test('twins in case, and names that mean something elsewhere, are files of their own', async () => {
    await fields('names/twins', { con: '1', CON: '2', key: '3', Key: '4', 'a.b': '5', '.hidden': '6', '-rf': '7' })
    const all = withSecrets('twins', { 'secret.*': 'dso://local/names/twins#*' })
    const cat = 'cd /run/secrets; for f in con CON key Key a.b .hidden ./-rf; do cat "$f"; done'
    expect(await it.lab.docker('run', '--rm', ...all, 'box', 'sh', '-c', cat)).toBe('1234567')
  })

  test('nothing was written anywhere else', async () => {
    const { stdout } = await it.lab.run([
      'find',
      '/run/dso',
      '/etc',
      '/var/lib/dso',
      '-name',
      '*passwd*',
      '-newer',
      '/etc/docker',
    ])
    expect(stdout).toBe('')
  })
})

/** What dockerd says of the start of a container that is given a volume at /run/secrets. */
async function refusal(create: object): Promise<string> {
  const mount = {
    Type: 'volume',
    Source: 'names',
    Target: '/run/secrets',
    VolumeOptions: { DriverConfig: { Name: 'dso' } },
  }
  const body = { ...create, HostConfig: { Mounts: [mount] } }
  const made = await it.lab.api('/containers/create', { method: 'POST', body })
  if (made.status !== 201) return made.body
  const { Id } = made.json() as { Id: string }
  const started = await it.lab.api(`/containers/${Id}/start`, { method: 'POST' })
  await it.lab.docker('rm', '-f', Id)
  return started.status === 204 ? 'it was started' : started.body
}
