import { describe, expect, it } from 'vitest'
import { cut, duration, size, table, wrapped } from '../../../src/cli/print.ts'
import { overview } from '../../../src/cli/status-text.ts'
import type { StatusAnswer, WorkloadStatus } from '../../../src/core/api.ts'

const now = Date.parse('2026-11-02T12:00:00Z')

const workload = (name: string, given: Partial<WorkloadStatus> = {}): WorkloadStatus => ({
  workload: name,
  running: 1,
  total: 1,
  files: 2,
  vars: 0,
  onChange: 'live (auto)',
  state: 'ok',
  quarantined: [],
  containers: [{ name: `${name}-1`, state: 'running' }],
  ...given,
})

const answer: StatusAnswer = {
  version: '1.4.0',
  host: 'web-07',
  startedAt: '2026-10-21T12:00:00Z',
  secrets: 41,
  ramBytes: 9_800_000,
  ram: 'noswap',
  tenancy: 'single',
  sources: [{ name: 'local', state: 'ok', identity: 'key: systemd credential', secrets: 6 }],
  workloads: [
    workload('shop/db', { changedAt: '2026-11-02T10:00:00Z' }),
    workload('edge/nginx', { onChange: 'signal SIGHUP' }),
    workload('shop/api', {
      state: 'rolled-back',
      changedAt: '2026-11-02T11:57:00Z',
      message: 'dso: shop/api: api-1 was unhealthy: correct the value [UNHEALTHY]',
      quarantined: [
        { workload: 'shop/api', read: 'dso://local/shop/db', version: '4', reason: 'unhealthy', since: '' },
      ],
    }),
  ],
  problems: [],
}

const plain = (columns?: number) => ({ terminal: { colour: false, columns: () => columns }, now, detailed: false })

describe('the status', () => {
  it('reads as the interface shows it', () => {
    expect(overview(answer, plain())).toMatchInlineSnapshot(`
      "dso 1.4.0 on web-07, up 12 d. 41 secrets, 9.8 MB RAM, noswap. single-tenant: no grants
      SOURCE  STATE  LOOKED  IDENTITY                 SECRETS
      local   ok             key: systemd credential        6
      WORKLOAD    UP   FILES  VARS  ON CHANGE      STATE
      shop/db     1/1      2     0  live (auto)    ok, changed 2 h ago
      edge/nginx  1/1      2     0  signal SIGHUP  ok
      shop/api    1/1      2     0  live (auto)    ROLLED BACK 3 min ago
      shop/api: api-1 was unhealthy: correct the value [UNHEALTHY]
      shop/api: dso://local/shop/db version 4 is quarantined: unhealthy
      "
    `)
  })

  it('says once why a version is quarantined', () => {
    const bad = { workload: 'a', read: 'dso://local/x', version: '3', reason: 'a-1: it ended', since: '' }
    const given = {
      state: 'rolled-back',
      message: 'version 3 of dso://local/x: a-1: it ended',
      quarantined: [bad],
    } as const
    const text = overview({ ...answer, workloads: [workload('a', given)] }, plain(80))
    expect(text.match(/it ended/g)).toHaveLength(1)
    expect(text).toContain('a: dso://local/x version 3 is quarantined: a-1: it ended')
  })

  it('fits 80 columns whatever the names', () => {
    const long = workload(`${'project'.repeat(9)}/${'service'.repeat(9)}`, {
      onChange: 'signal SIGRTMIN+12',
      state: 'refused',
      changedAt: '2026-11-02T11:57:00Z',
    })
    const sources = [{ ...answer.sources[0]!, state: 'refused' as const, message: 'm'.repeat(200) }]
    const text = overview({ ...answer, sources, workloads: [...answer.workloads, long] }, plain(80))
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
    expect(text).toMatch(/^projectproject.*\.\.\. /m)
  })

  it('is coloured line by line without moving a column', () => {
    const coloured = overview(answer, { ...plain(80), terminal: { colour: true, columns: () => 80 } })
    expect(coloured).toContain('\x1b[31mshop/api')
    expect(coloured.replace(/\x1b\[\d+m/g, '')).toBe(overview(answer, plain(80)))
  })
})

describe('printing', () => {
  it('fits tables by the widest columns', () => {
    const text = table(
      [{ title: 'A' }, { title: 'N', right: true }, { title: 'B', least: 6 }],
      [['a'.repeat(30), '1', 'b'.repeat(10)]],
      30,
    )
    expect(text).toBe(`${'A'.padEnd(15)}  N  B\n${'a'.repeat(12)}...  1  ${'b'.repeat(10)}\n`)
  })

  it('cuts, wraps and counts', () => {
    expect([cut('abcdef', 5), cut('abc', 5), cut('abcdef', 2)]).toEqual(['ab...', 'abc', '..'])
    expect(wrapped('aa bb cc dd', 5, '  ')).toBe('aa bb\n  cc\n  dd')
    expect([4000, 150_000, 7_300_000, 86_400_000 * 12].map(duration)).toEqual(['4 s', '2 min', '2 h', '12 d'])
    expect([999, 4100, 9_800_000].map(size)).toEqual(['999 B', '4.1 kB', '9.8 MB'])
  })
})
