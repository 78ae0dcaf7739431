import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createClient } from '../../../src/cli/client.ts'
import type { Event } from '../../../src/core/event.ts'
import { createReport } from '../../../src/report/report.ts'
import { createControl } from '../../../src/servers/control.ts'
import type { ControlParts } from '../../../src/servers/parts.ts'
import { Secret } from '../../../src/store/secret.ts'

const bytes = (text: string) => new Secret(Buffer.from(text))

function fakeParts(calls: unknown[]): ControlParts & { report: ReturnType<typeof createReport> } {
  const report = createReport({ level: 'error', format: 'text' }, { write: () => {} })
  const did = <T>(call: unknown[], answer: T): T => {
    calls.push(call)
    return answer
  }
  const text = (secret: Secret | undefined) => secret?.reveal((b) => Buffer.from(b).toString())
  return {
    report,
    version: { version: '0.1.0', pid: 1, startedAt: '2026-01-01T00:00:00Z' },
    vault: {
      state: () => ({ state: 'ok', identity: 'key: /etc/dso/local.key', secrets: 1 }),
      unlock: async (passphrase, o) => void calls.push(['unlock', text(passphrase), o]),
      set: async (path, field, value) => did(['set', path, field, text(value)], 3),
      setFields: async (path, value) => did(['setFields', path, text(value)], 4),
      rollback: async (path, version) => did(['rollback', path, version], 5),
      delete: async (path, o) => void calls.push(['delete', path, o]),
      read: (path, version) => {
        calls.push(['read', path, version])
        const fields = new Map([
          ['user', { kind: 'string' as const, value: bytes('app') }],
          ['password', { kind: 'string' as const, value: bytes('hunter2\n') }],
        ])
        return { version: '3', content: { kind: 'fields', fields } }
      },
      list: () => [{ path: 'shop/db', version: 3, changedAt: '2026-01-01T00:00:00Z', fields: ['password'] }],
      history: () => [{ version: 3, createdAt: '2026-01-01T00:00:00Z', current: true }],
    },
    loop: {
      plan: async (target) => did(['plan', target], { plans: [], unchanged: [] }),
      sync: async (o, line) => {
        calls.push(['sync', o])
        line({ kind: 'done', changed: 0, unchanged: 1, rolledBack: [], failed: [] })
      },
      pause: (workload) => void calls.push(['pause', workload]),
      resume: (workload) => void calls.push(['resume', workload]),
      paused: () => [],
      rollouts: () => [],
      quarantined: () => [],
      stateOf: () => ({ state: 'ok' }),
    },
    status: async () => Promise.reject(new Error('secret text from elsewhere')),
    explain: async (target) => ({ subject: JSON.stringify(target), kind: 'workload', lines: [] }),
    names: async () => ({
      workloads: ['shop/api'],
      references: ['dso://local/shop/db', 'dso://local/shop/db#password'],
      volumes: ['v'],
      containers: new Map([['shop-api-1', 'shop/api']]),
    }),
    checks: async () => [],
    scan: async (line) => line({ kind: 'done', searched: 0, values: 0, findings: 0, expected: 0 }),
    events: report,
    emit: report.emit,
    maxValueBytes: () => 64,
  }
}

describe('the control server', () => {
  let folder: string
  let servers: Server[]
  let calls: unknown[]
  let parts: ReturnType<typeof fakeParts>
  const client = () => createClient({ DSO_SOCKET: folder })

  beforeEach(async () => {
    folder = mkdtempSync('/tmp/dso-control-')
    calls = []
    parts = fakeParts(calls)
    const handlers = createControl(parts)
    servers = []
    for (const level of ['status', 'control', 'root'] as const) {
      const server = createServer((request, response) => void handlers[level](request, response))
      await new Promise<void>((resolve) => server.listen(join(folder, `${level}.sock`), resolve))
      servers.push(server)
    }
  })
  afterEach(() => {
    for (const server of servers) server.close().closeAllConnections()
    rmSync(folder, { recursive: true })
  })

  it('takes a value by its body and gives it back byte by byte', async () => {
    const query = [['ref', 'dso://local/shop/db#password']] as const
    const body = Buffer.from('hunter2\n')
    expect(await client().json({ level: 'root', method: 'PUT', path: '/v1/secret', query, body })).toEqual({
      version: 3,
    })
    expect(calls).toEqual([['set', 'shop/db', 'password', 'hunter2\n']])
    const got = await client().bytes({ level: 'root', path: '/v1/secret', query })
    expect(got.toString()).toBe('hunter2\n')
  })

  it('tells about a secret without its value', async () => {
    const query = [['ref', 'dso://local/shop/db?version=3']] as const
    const about = await client().json({ level: 'root', path: '/v1/secret/about', query })
    expect(about).toEqual({
      reference: 'dso://local/shop/db?version=3',
      version: '3',
      bytes: 11,
      endsInNewline: false,
      fields: [
        { name: 'password', bytes: 8, endsInNewline: true },
        { name: 'user', bytes: 3, endsInNewline: false },
      ],
    })
    expect(calls).toEqual([['read', 'shop/db', '3']])
  })

  it.each([
    ['status', 'POST', '/v1/pause'],
    ['status', 'GET', '/v1/secret'],
    ['control', 'PUT', '/v1/secret'],
    ['control', 'POST', '/v1/scan'],
    ['control', 'POST', '/v1/unlock'],
  ] as const)('refuses on %s.sock: %s %s', async (level, method, path) => {
    await expect(client().json({ level, method, path })).rejects.toThrow('this socket does not do that')
    expect(calls).toEqual([])
  })

  it('refuses a value that is too large, a source that is not there, and what is no reference', async () => {
    const put = (ref: string, length: number) =>
      client().json({
        level: 'root',
        method: 'PUT',
        path: '/v1/secret',
        query: [['ref', ref]],
        body: Buffer.alloc(length),
      })
    await expect(put('dso://local/a', 65)).rejects.toMatchObject({ code: 'VALUE_TOO_LARGE' })
    await expect(put('dso://local/a', 2_000_000)).rejects.toMatchObject({ code: 'VALUE_TOO_LARGE' })
    await expect(put('dso://vault/a', 1)).rejects.toMatchObject({ code: 'SOURCE_UNKNOWN' })
    await expect(put('dso://local/../a', 1)).rejects.toMatchObject({ code: 'BAD_REFERENCE' })
    await expect(put('dso://local/a?version=1', 1)).rejects.toMatchObject({ code: 'BAD_REFERENCE' })
    expect(calls).toEqual([])
  })

  it('resolves workloads, containers, volumes and paths, and names the nearest', async () => {
    const explain = async (target: string) =>
      JSON.parse(
        (
          await client().json<{ subject: string }>({
            level: 'status',
            path: '/v1/explain',
            query: [['target', target]],
          })
        ).subject,
      )
    expect(await explain('shop/api')).toEqual({ kind: 'workload', workload: 'shop/api' })
    expect(await explain('shop-api-1')).toEqual({ kind: 'workload', workload: 'shop/api' })
    expect(await explain('v')).toEqual({ kind: 'volume', volume: 'v' })
    expect(await explain('shop/db#password')).toMatchObject({ kind: 'reference', reference: { path: 'shop/db' } })
    await expect(explain('shop/apo')).rejects.toThrow(/no workload.* shop\/apo: did you mean shop\/api\?/)
  })

  it('streams events from a number on and follows', async () => {
    parts.emit({ kind: 'agent.stopping' })
    parts.emit({ kind: 'problem', where: 'a', message: 'b' })
    const seen: number[] = []
    const query = [
      ['since', '1'],
      ['follow', '1'],
    ] as const
    for await (const { seq } of client().lines<Event>({ level: 'status', path: '/v1/events', query })) {
      seen.push(seq)
      if (seen.length === 1) parts.emit({ kind: 'agent.stopping' })
      if (seen.length === 2) break
    }
    expect(seen).toEqual([2, 3])
  })

  it('passes sync on by targets', async () => {
    const query = [
      ['target', 'shop/api'],
      ['target', 'dso://local/shop/db#password'],
      ['retry', '1'],
    ] as const
    const lines = []
    for await (const line of client().lines({ level: 'control', method: 'POST', path: '/v1/sync', query }))
      lines.push(line)
    expect(lines).toEqual([{ kind: 'done', changed: 0, unchanged: 1, rolledBack: [], failed: [] }])
    expect(calls).toEqual([
      [
        'sync',
        {
          workloads: ['shop/api'],
          reads: ['dso://local/shop/db'],
          retry: true,
          wait: false,
        },
      ],
    ])
  })

  it('answers 300 calls without a body, each on a connection of its own', async () => {
    for (let n = 0; n < 300; n += 1) await client().json({ level: 'control', method: 'POST', path: '/v1/pause' })
    expect(calls).toHaveLength(300)
  })

  it('says of an error that is no failure only its kind', async () => {
    await expect(client().json({ level: 'status', path: '/v1/status' })).rejects.toThrow(
      'the agent could not do it (Error)',
    )
    expect(JSON.stringify(parts.report.since(0))).not.toContain('secret text')
  })

  it('survives 10,000 garbage requests', async () => {
    const garbage = [
      '\0\xff\x01\r\n\r\n',
      'GET /%zz HTTP/1.1\r\n\r\n',
      'POST /v1/sync HTTP/1.1\r\ncontent-length: -1\r\n\r\n',
      'GET //[ HTTP/1.0\r\n\r\n',
      'PUT /v1/secret HTTP/1.0\r\ncontent-length: 9\r\n\r\nx',
    ]
    const once = (text: string) =>
      new Promise<void>((resolve) => {
        const socket = connect(join(folder, 'root.sock'), () => socket.end(text, 'latin1'))
        socket
          .on('error', () => resolve())
          .on('close', () => resolve())
          .resume()
      })
    for (let round = 0; round < 100; round += 1) {
      await Promise.all(Array.from({ length: 100 }, (_, n) => once(garbage[n % garbage.length] ?? '')))
    }
    expect(await client().json({ level: 'root', path: '/v1/version' })).toMatchObject({ version: '0.1.0' })
    expect(calls).toEqual([])
  }, 60_000)
})
