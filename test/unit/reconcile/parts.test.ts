import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { Fact } from '../../../src/core/event.ts'
import type { DockerEvent, Inspected } from '../../../src/docker/engine.ts'
import { createEnds } from '../../../src/reconcile/ends.ts'
import { createJournal, type Entry } from '../../../src/reconcile/journal.ts'
import { createKeep } from '../../../src/reconcile/keep.ts'
import { createPauses } from '../../../src/reconcile/pause.ts'
import { probeOf } from '../../../src/reconcile/probe.ts'
import { createQuarantine } from '../../../src/reconcile/quarantine.ts'

const folders: string[] = []
function place() {
  const root = mkdtempSync(join(tmpdir(), 'dso-keep-'))
  folders.push(root)
  const facts: Fact[] = []
  const disk = join(root, 'disk')
  const ram = join(root, 'ram')
  const keep = () => createKeep({ disk, ram, emit: (fact) => void facts.push(fact) })
  return { disk, ram, facts, keep }
}
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
})

describe('how a process ended', () => {
  const event = (action: string, at: number, attributes: Record<string, string> = {}): DockerEvent => ({
    ...{ type: 'container', id: 'c', action, at, attributes },
  })
  const told = (...events: DockerEvent[]) => {
    const ends = createEnds()
    for (const one of events) ends.heed(one)
    return ends
  }
  const kill = (signal: string, at = 5) => event('kill', at, { signal })
  const die = (exitCode: string, at = 6) => event('die', at, { exitCode })

  test.each([
    ['by itself', [die('3')], false],
    ['docker stop, kill, restart, rm -f', [kill('15'), die('143')], true],
    ['told by SIGHUP, and ended of it', [kill('1'), die('3')], false],
    ['a stop event after it', [die('0'), event('stop', 7)], true],
    ['removed by --rm after it', [die('3'), event('destroy', 7)], false],
    ['a kill of the life before', [kill('15'), event('start', 5), die('1')], false],
  ] as const)('%s', (_what, events, asked) => {
    expect(told(...events).since('c', 1)?.asked).toBe(asked)
  })

  test('a stop signal of its own asks for the end', () => {
    expect(told(kill('28'), die('0')).since('c', 1, 'SIGWINCH')?.asked).toBe(true)
    expect(told(kill('28'), die('0')).since('c', 1)?.asked).toBe(false)
  })

  test('an end before the change is no answer', () => expect(told(die('1', 6)).since('c', 7)).toBeUndefined())
})

describe('state files', () => {
  const entry = (id: string): Entry => ({
    record: { id, workload: 'w', cause: 'c', strategy: 'live', startedAt: '2026-01-01T00:00:00Z', outcome: 'open' },
    ...{ phase: 'forward', moved: [], firstAt: 1, ailing: ['x'] },
  })

  test('an open rollout and the ended ones are found by the next life; the last 200 stay', async () => {
    const { keep, disk } = place()
    const journal = createJournal(keep())
    await journal.write(entry('open'))
    for (let count = 0; count < 205; count += 1) {
      await journal.write(entry(`r${count}`))
      await journal.end(`r${count}`, 'rolled-back', 'why')
    }
    const next = createJournal(keep())
    expect(next.entries()).toEqual([entry('open')])
    expect(next.records()).toHaveLength(201)
    expect(readdirSync(join(disk, 'journal'))).toHaveLength(201)
  })

  test('while the disk takes none they are on tmpfs, told once, and go back when it does', async () => {
    const { keep, disk, ram, facts } = place()
    writeFileSync(disk, 'in the way')
    const journal = createJournal(keep())
    await journal.write(entry('a'))
    await journal.write(entry('b'))
    expect(facts.filter(({ kind }) => kind === 'problem')).toHaveLength(1)
    expect(createJournal(keep()).entries()).toHaveLength(2)
    rmSync(disk)
    mkdirSync(disk)
    await journal.end('a', 'applied')
    expect(readdirSync(join(disk, 'journal'))).toEqual(['a.json'])
    expect(readdirSync(join(ram, 'journal'))).toEqual(['b.json'])
  })

  test('a damaged one is told and is not in the way', async () => {
    const { keep, disk, facts } = place()
    await createJournal(keep()).write(entry('a'))
    writeFileSync(join(disk, 'journal', 'a.json'), '{"rec')
    expect(createJournal(keep()).entries()).toEqual([])
    expect(facts[0]?.kind).toBe('problem')
  })

  test('pauses survive', () => {
    const { keep } = place()
    const pauses = createPauses({ keep: keep(), emit: () => {} })
    pauses.pause('shop/api')
    expect([pauses.holds('shop/api'), pauses.holds('other')]).toEqual([true, false])
    pauses.pause()
    expect(pauses.holds('other')).toBe(true)
    pauses.resume()
    expect(pauses.all()).toEqual([])
  })
})

describe('quarantine', () => {
  const suspect = { read: 'dso://local/db', version: '2', serving: '1' }

  test('gives the serving version, in the next life too, until the source moves on', async () => {
    const { keep, facts } = place()
    await createQuarantine({ keep: keep(), emit: () => {} }).set('w', [suspect], 'it ended')
    const quarantine = createQuarantine({ keep: keep(), emit: (fact) => void facts.push(fact) })
    const avoid = quarantine.avoid('w')
    expect(avoid('dso://local/db', '2')).toBe('1')
    expect(avoid('dso://local/db', '1')).toBeUndefined()
    expect(quarantine.avoid('other')('dso://local/db', '2')).toBeUndefined()
    expect(avoid('dso://local/db', '3')).toBeUndefined()
    expect(quarantine.all()).toEqual([])
    expect(facts).toMatchObject([{ kind: 'quarantine.released', version: '2' }])
  })

  test('without a serving version a start is refused', async () => {
    const { keep } = place()
    const quarantine = createQuarantine({ keep: keep(), emit: () => {} })
    await quarantine.set('w', [{ read: 'dso://local/db', version: '2' }], 'it ended')
    expect(quarantine.avoid('w')('dso://local/db', '2')).toMatchObject({ code: 'QUARANTINED', where: 'w' })
  })
})

describe('a check by network', () => {
  const container = (networks: Record<string, string>, networkMode = 'bridge') =>
    ({ id: 'c', name: 'web', networks, networkMode }) as unknown as Inspected
  const engine = { exec: async () => ({ exitCode: 0, bytes: 0 }) }
  const http = (port: number) => ({ kind: 'http', port, path: '/ready' }) as const

  test.each([
    ['this host', { a: '127.0.0.1' }, 'bridge'],
    ['the metadata service', { a: '169.254.169.254' }, 'bridge'],
    ['its IPv6 address', { a: 'fd00:ec2::254' }, 'bridge'],
    ['the network of the host', { host: '10.0.0.1' }, 'host'],
    ['no network', {}, 'none'],
  ])('never goes to %s', (_what, networks, mode) => {
    expect(() => probeOf(http(80), container(networks, mode), engine)).toThrow(/STRATEGY_IMPOSSIBLE/)
  })

  test('wants 2xx, and follows no redirect', async () => {
    const asked: string[] = []
    const server = createServer((request, response) => {
      asked.push(request.url ?? '')
      response.writeHead(asked.length === 1 ? 204 : 302, { location: 'http://127.0.0.1:1/' }).end()
    })
    const address = ownAddress()
    await new Promise<void>((resolve) => void server.listen(0, address, resolve))
    const { port } = server.address() as { port: number }
    const attempt = probeOf(http(port), container({ a: address }), engine)
    expect(await attempt(AbortSignal.timeout(5_000))).toBeUndefined()
    expect(await attempt(AbortSignal.timeout(5_000))).toBe('its check answered with HTTP status 302')
    expect(asked).toEqual(['/ready', '/ready'])
    server.close()
    const tcp = probeOf({ kind: 'tcp', port }, container({ a: address }), engine)
    expect(await tcp(AbortSignal.timeout(5_000))).toMatch(/could not be reached \(ECONNREFUSED\)/)
  })
})

/** An address of this machine other than loopback. */
function ownAddress(): string {
  for (const list of Object.values(networkInterfaces())) {
    for (const { address, family, internal } of list ?? []) if (family === 'IPv4' && !internal) return address
  }
  throw new Error('this machine has no address')
}
