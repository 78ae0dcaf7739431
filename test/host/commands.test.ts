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

/** Types `lines` into a program that runs at a terminal of its own, each after a prompt. */
const typing = (command: string, lines: readonly string[]): readonly string[] => {
  const script = `import os, pty, sys, time
pid, fd = pty.fork()
if pid == 0: os.execvp("sh", ["sh", "-c", sys.argv[1]])
said = b""
for line in sys.argv[2:]:
    while not said.rstrip(b" ").endswith(b":"): said += os.read(fd, 1024)
    sys.stdout.buffer.write(said); said = b""
    os.write(fd, line.encode() + b"\\r")
while True:
    try: chunk = os.read(fd, 1024)
    except OSError: break
    if not chunk: break
    sys.stdout.buffer.write(chunk)
sys.stdout.flush()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))`
  return ['python3', '-c', script, command, ...lines]
}

const cli = product.join(' ')

describe('docker dso', () => {
  test('is a plugin: help, version, completion, exit status', async () => {
    expect(await it.lab.docker('--help')).toMatch(/dso\*\s+Docker Secret Operator/)
    expect(await it.lab.docker('dso', 'secret', '--help')).toContain('docker dso secret COMMAND')
    expect(await it.lab.docker('help', 'dso')).toContain('Usage:  docker dso COMMAND')
    expect(await it.lab.docker('dso', 'version')).toMatch(/^dso .*\nagent /)
    expect((await it.lab.tryDocker('dso', 'status', 'nobody')).code).toBe(3)
    expect(await it.lab.dso('__complete', 'dso', 'secret', 'get', '')).toContain('dso://local/shop/db#password')
    expect(await it.lab.dso('__complete', 'dso', 'status', '')).toContain('api')
    // docker 20.10 does not ask plugins.
    const asked = await it.lab.docker('__complete', 'dso', 'secret', 'get', '')
    if (engine === 'current') expect(asked).toContain('dso://local/shop/db#password')
  })

  test('a remote engine is refused', async () => {
    const { code, stderr } = await it.lab.tryDocker('-H', 'tcp://192.0.2.1:2375', 'dso', 'status')
    expect([code, stderr]).toEqual([2, expect.stringContaining('--host is another host')])
  })

  test('a value is typed twice, unseen', async () => {
    const typed = await it.lab.run(typing(`${cli} secret set typed`, ['canary-typed-1', 'canary-typed-1']))
    expect(typed.stdout).toMatch(/Value of dso:\/\/local\/typed: \r\nAgain: \r\n.*is set \(version 1\)/)
    expect(typed.stdout + typed.stderr).not.toContain('canary-typed')
    expect(await it.lab.dso('secret', 'get', 'typed', '--reveal')).toBe('canary-typed-1')
    const differ = await it.lab.run(typing(`${cli} secret set typed`, ['one', 'two']))
    expect([differ.code, differ.stdout]).toEqual([2, expect.stringContaining('the two values differ')])
    const given_up = await it.lab.run(typing(`${cli} secret set typed`, ['\x03']))
    expect(given_up.code).toBe(130)
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
    const listen =
      'import socket,os,time;s=socket.socket(socket.AF_UNIX);s.bind("/run/x.sock");os.chown("/run/x.sock",1000,1000);s.listen();s.settimeout(3)\ntry: print("CONNECTED", s.accept())\nexcept TimeoutError: print("nobody")'
    const trap = it.lab.spawn(['python3', '-c', listen])
    await eventually(async () => (await it.lab.run(['test', '-S', '/run/x.sock'])).code === 0, { what: 'trap' })
    const { code, stderr } = await it.lab.tryDso('secret', 'set', 'a', {
      input: 'canary',
      env: { DSO_SOCKET: '/run/x.sock' },
    })
    expect([code, stderr]).toEqual([6, expect.stringContaining('belongs to uid 1000, not to root: nothing was sent')])
    await trap.exited
    expect(trap.output()).toContain('nobody')
  })

  test('uid nobody is told what it lacks', async () => {
    const { code, stderr } = await it.lab.run(['setpriv', '--reuid=65534', '--clear-groups', ...product, 'status'])
    expect([code, stderr]).toEqual([
      6,
      expect.stringContaining('you may not open /run/dso/status.sock: be root or in the group dso'),
    ])
  })
})
