import { describe, expect, test } from 'vitest'
import type { Event } from '../../src/core/event.ts'
import { eventually, product } from '../lab/lab.ts'
import { engine, stage, withSecrets } from './stage.ts'

const it = stage(async ({ lab }) => {
  await lab.run(['mkdir', '-p', '/root/.docker/cli-plugins'])
  await lab.run([
    'ln',
    '-s',
    new URL('../../dist/docker-dso', import.meta.url).pathname,
    '/root/.docker/cli-plugins/docker-dso',
  ])
  await lab.dso('secret', 'set', 'shop/db#password', { input: 'first-value-1' })
  await lab.docker(
    'run',
    '-d',
    '--name',
    'api',
    ...withSecrets('api', { 'secret.password': 'dso://local/shop/db#password' }),
    'box',
    'sleep',
    '1000',
  )
})

/** Types `lines` into a command that runs at a terminal of its own, each when it has asked. */
async function typing(command: string, lines: readonly string[]): Promise<{ code: number | null; said: string }> {
  const running = it.lab.spawn(['script', '-qec', command, '/dev/null'])
  for (const [index, line] of lines.entries()) {
    await eventually(() => running.output().split(': ').length > index + 1, { what: 'a prompt' })
    running.write(`${line}\r`)
  }
  const { code } = await running.exited
  return { code, said: running.output() }
}

const cli = product.join(' ')

describe('docker dso', () => {
  test('is a plugin: help, version, completion, exit status', async () => {
    expect(await it.lab.docker('--help')).toMatch(/dso\*\s+Docker Secret Operator/)
    expect(await it.lab.docker('dso', 'secret', '--help')).toContain('docker dso secret COMMAND')
    expect(await it.lab.docker('help', 'dso')).toContain('Usage:  docker dso COMMAND')
    expect(await it.lab.docker('dso', 'version')).toMatch(/^dso .*\nagent /)
    expect((await it.lab.tryDocker('dso', 'status', 'nobody')).code).toBe(3)
    // Paths as they are typed: short, or as whole references.
    expect(await it.lab.dso('__complete', 'dso', 'secret', 'get', '')).toMatch(/^shop\/db#password\t/m)
    expect(await it.lab.dso('__complete', 'dso', 'secret', 'get', 'dso:')).toContain('dso://local/shop/db#password')
    expect(await it.lab.dso('__complete', 'dso', 'status', '')).toContain('api')
    // docker 20.10 does not ask plugins.
    const asked = await it.lab.docker('__complete', 'dso', 'secret', 'get', '')
    if (engine === 'current') expect(asked).toContain('shop/db#password')
  })

  test('a remote engine is refused', async () => {
    const { code, stderr } = await it.lab.tryDocker('-H', 'tcp://192.0.2.1:2375', 'dso', 'status')
    expect([code, stderr]).toEqual([2, expect.stringContaining('--host is another host')])
  })

  test('a value is typed twice, unseen', async () => {
    const typed = await typing(`${cli} secret set typed`, ['canary-typed-1', 'canary-typed-1'])
    expect(typed.said).toMatch(/Value of dso:\/\/local\/typed: \r\nAgain: \r\n.*is set \(version 1\)/)
    expect(typed.said).not.toContain('canary-typed')
    expect(await it.lab.dso('secret', 'get', 'typed', '--reveal')).toBe('canary-typed-1')
    const differ = await typing(`${cli} secret set typed`, ['one', 'two'])
    expect([differ.code, differ.said]).toEqual([2, expect.stringContaining('the two values differ')])
    expect((await typing(`${cli} secret set typed`, ['\x03'])).code).toBe(130)
  })

  test('status and explain agree with what is', async () => {
    const status = JSON.parse(await it.lab.dso('status', '--json')) as {
      workloads: { workload: string; state: string }[]
    }
    expect(status.workloads).toMatchObject([
      { workload: 'api', state: 'ok', running: 1, files: 1, onChange: 'live (auto)' },
    ])
    expect((await it.lab.tryDso('status', '--check')).code).toBe(0)
    expect(await it.lab.dso('explain', 'api')).toMatch(/held by api/)
    expect(await it.lab.dso('explain', 'shop/db')).toMatch(/used by +api: password/)
  })

  test('status --watch draws again at a change, and ends with 0 at Ctrl-C', async () => {
    const watching = it.lab.spawn([...product, 'status', '--watch'])
    await eventually(() => watching.output().includes('\napi '), { what: 'first drawing' })
    await it.lab.dso('pause', 'api')
    await eventually(() => watching.output().includes('paused'), { what: 'drawing after the pause' })
    await it.lab.dso('resume', 'api')
    watching.kill('SIGINT')
    expect((await watching.exited).code).toBe(0)
  })

  test('events --follow goes on across a restart of the agent', async () => {
    const following = it.lab.spawn([...product, 'events', '--follow', '--json'])
    await eventually(() => following.output().includes('mount.delivered'), { what: 'old events' })
    await it.agent.stop()
    it.agent = await it.lab.startAgent()
    await it.lab.dso('secret', 'set', 'other', { input: 'x' })
    await eventually(() => following.output().includes('local/other'), { what: 'events of the new agent' })
    following.kill('SIGTERM')
    expect((await following.exited).code).toBe(0)
    const events = following.stdout.map((line) => JSON.parse(line) as Event)
    expect(events.filter(({ kind }) => kind === 'agent.started')).toHaveLength(2)
    expect(new Set(events.map(({ seq, at }) => `${seq} ${at}`)).size).toBe(events.length)
  })

  test('a socket of somebody else is sent nothing', async () => {
    const listen = `const { chownSync } = require('node:fs')
require('node:net').createServer(() => console.log('CONNECTED')).listen('/run/x.sock', () => chownSync('/run/x.sock', 1000, 1000))`
    const trap = it.lab.spawn([product[0] ?? '', '-e', listen])
    await eventually(async () => (await it.lab.run(['test', '-S', '/run/x.sock'])).code === 0, { what: 'trap' })
    const { code, stderr } = await it.lab.tryDso('secret', 'set', 'a', {
      input: 'canary',
      env: { DSO_SOCKET: '/run/x.sock' },
    })
    expect([code, stderr]).toEqual([6, expect.stringContaining('belongs to uid 1000, not to root: nothing was sent')])
    await trap.stop()
    expect(trap.output()).toBe('')
  })

  test('uid nobody is told what it lacks', async () => {
    const { code, stderr } = await it.lab.run(['setpriv', '--reuid=65534', '--clear-groups', ...product, 'status'])
    expect([code, stderr]).toEqual([
      6,
      expect.stringContaining('you may not open /run/dso/status.sock: be root or in the group dso'),
    ])
  })
})
