import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseEnvFile } from '../../../src/cli/env-file.ts'
import type { Parts } from '../../../src/cli/parts.ts'
import { run } from '../../../src/cli/program.ts'
import { fakeTerminal } from './terminal.ts'

describe('secret', () => {
  let folder: string
  let server: Server
  let asked: { method: string; url: string; body: string }[]
  let answer: { status: number; body: string }

  beforeEach(async () => {
    folder = mkdtempSync('/tmp/dso-cli-')
    asked = []
    answer = { status: 200, body: '{"version":7}' }
    server = createServer(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
      asked.push({ method: request.method ?? '', url: request.url ?? '', body: Buffer.concat(chunks).toString() })
      response.writeHead(answer.status)
      response.end(answer.body)
    })
    await new Promise<void>((resolve) => server.listen(join(folder, 'root.sock'), resolve))
  })
  afterEach(() => {
    server.close()
    rmSync(folder, { recursive: true })
  })

  async function call(argv: readonly string[], given: Parameters<typeof fakeTerminal>[0] = {}) {
    const terminal = fakeTerminal({ env: { DSO_SOCKET: folder, HOME: folder }, ...given })
    const status = await run(['secret', ...argv], terminal, {} as Parts)
    return { status, out: terminal.output(), err: terminal.errors() }
  }

  it('sends standard input exactly, and says that it ends in a newline', async () => {
    const { status, out, err } = await call(['set', 'shop/db#password'], { stdin: 'hunter2\n' })
    expect(status).toBe(0)
    expect(asked).toEqual([
      { method: 'PUT', url: '/v1/secret?ref=dso%3A%2F%2Flocal%2Fshop%2Fdb%23password', body: 'hunter2\n' },
    ])
    expect(out).toBe('dso://local/shop/db#password is set (version 7)\n')
    expect(err).toContain('the value ends in a newline')
    expect(out + err).not.toContain('hunter2')
  })

  it('asks twice at a terminal and takes only what is equal', async () => {
    expect((await call(['set', 'a'], { typed: ['one', 'one'] })).status).toBe(0)
    expect(asked[0]?.body).toBe('one')
    const different = await call(['set', 'a'], { typed: ['one', 'two'] })
    expect([different.status, different.err]).toEqual([
      2,
      'dso: secret set: the two values differ: nothing was changed, try again\n',
    ])
    expect((await call(['set', 'a'], { typed: ['', ''] })).status).toBe(2)
    expect(asked).toHaveLength(1)
  })

  it('generates a value for each REF and shows none', async () => {
    const { out } = await call(['set', 'shop/a#x', 'dso://local/b', '--generate=20'])
    expect(asked.map(({ body }) => body)).toEqual([
      expect.stringMatching(/^[A-Za-z0-9]{20}$/),
      expect.stringMatching(/^[A-Za-z0-9]{20}$/),
    ])
    expect(asked[0]?.body).not.toBe(asked[1]?.body)
    for (const { body } of asked) expect(out).not.toContain(body)
    expect((await call(['set', 'a', '--generate'])).status).toBe(0)
    expect(asked[2]?.body).toHaveLength(32)
  })

  it.each([
    [['set', 'shop/db', 's3cr3t']],
    [['set', 'shop/db', 'pa/ss=wd']],
    [['set', 'shop/db=s3cr3t']],
    [['set', 'shop/db', 'a/../s3cr3t']],
  ])('refuses a value on the command line and does not repeat it: %j', async (argv) => {
    const { status, err } = await call(argv, { typed: ['x', 'x'] })
    expect(status).toBe(2)
    expect(err).toContain('a value never stands on the command line')
    expect(err).not.toMatch(/s3cr3t|pa\/ss/)
    expect(asked).toEqual([])
  })

  it.each([
    [['set', 'dso://vault/a'], 'is not in local'],
    [['set', 'a?version=2'], 'names a version'],
    [['set', 'a#*'], 'is a wildcard'],
    [['set', 'a#b', '--fields'], '--fields replaces one whole secret'],
    [['set', 'a', '--fields', '--generate'], 'exclude each other'],
    [['set', 'a', '--generate=3'], '8 to 4096'],
    [['set', 'a/b', 'c/d'], 'standard input gives the value of one REF only'],
    [['set', 'a/../b'], '[BAD_REFERENCE]'],
    [['rollback', 'a', 'x'], 'a version is a number'],
    [['delete', 'a#b'], 'a secret goes as a whole'],
  ])('refuses %j', async (argv, said) => {
    const { status, err } = await call(argv)
    expect([status, asked]).toEqual([2, []])
    expect(err).toContain(said)
  })

  it('passes the failure of the agent on, with its exit status', async () => {
    const failure = { code: 'LOCAL_LOCKED', where: '', what: 'the local vault is locked', remedy: 'docker dso unlock' }
    answer = { status: 503, body: JSON.stringify({ error: failure }) }
    const { status, err } = await call(['list'])
    expect([status, err]).toEqual([6, 'dso: the local vault is locked: docker dso unlock [LOCAL_LOCKED]\n'])
  })

  it('reveals the exact bytes; on a terminal with a newline', async () => {
    answer = { status: 200, body: 'hunter2' }
    expect((await call(['get', 'a', '--reveal'])).out).toBe('hunter2')
    expect((await call(['get', 'a', '--reveal'], { tty: true })).out).toBe('hunter2\n')
  })

  it('imports an env file as fields and says what is leaked', async () => {
    const file = join(folder, 'a.env')
    writeFileSync(file, 'USER=app\nPASSWORD="a$b"\n')
    const { status, out } = await call(['import', 'shop/api', file])
    expect(status).toBe(0)
    expect(asked[0]).toMatchObject({
      url: expect.stringContaining('&fields=1'),
      body: '{"USER":"app","PASSWORD":"a$b"}',
    })
    expect(out).toMatch(
      /holds 2 fields \(version 7\): USER, PASSWORD[\s\S]*in: PASSWORD[\s\S]*counts as leaked[\s\S]*shred -u/,
    )
    expect(out).not.toContain('a$b')
  })
})

describe('an env file', () => {
  it('follows the quoting of Compose', () => {
    const text = `# comment
A=plain # comment
B=a#b
export C = " spaced "
D='single $x \\n'
E="double \\n\\t\\"q\\" \\x"
F="two
lines"
G=
H: yaml
  I  =  trimmed  \r
`
    expect(Object.fromEntries(parseEnvFile(text).fields)).toEqual({
      A: 'plain',
      B: 'a#b',
      C: ' spaced ',
      D: 'single $x \\n',
      E: 'double \n\t"q" \\x',
      F: 'two\nlines',
      G: '',
      H: 'yaml',
      I: 'trimmed',
    })
    expect(parseEnvFile(text).dollars).toEqual(['D'])
  })

  it.each([
    ['A=1\nA=2', 'line 2: A stands there twice'],
    ['A=1\n\nnonsense', 'line 3: it is not NAME=value'],
    ['A=1\nB="open', 'line 2: the quote of B is never closed'],
    ['A="x" y', 'line 1: text follows the quote of A'],
    ['F="a\nb"\n1=2', 'line 3: it is not NAME=value'],
    ['# nothing', 'it holds no NAME=value'],
  ])('refuses %j', (text, said) => {
    expect(() => parseEnvFile(text)).toThrow(said)
  })
})
