/**
 * Proves the lab on both engines side by side, and that nothing is left behind. Usage: node test/lab/lab.selftest.ts
 */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { engineFolder } from './engines.ts'
import { engines, engineVersion, eventually, join, type Lab, openLab, product } from './lab.ts'
import { proveKeeperKilled, proveOwnerKilled } from './selftest-deaths.ts'
import { gone, machine } from './selftest-traces.ts'

const fakePlugin = fileURLToPath(new URL('selftest-plugin.ts', import.meta.url))
const node = product[0] ?? process.execPath

const steps: Record<string, (lab: Lab) => Promise<void>> = {
  'a container runs': async (lab) => {
    assert.equal(await lab.docker('run', '--rm', 'box', 'echo', 'hi'), 'hi')
    assert.equal((await lab.tryDocker('run', '--rm', 'box', 'sh', '-c', 'exit 7')).code, 7)
    await assert.rejects(lab.docker('run', '--rm', 'nowhere.invalid/none'), /exit 125/)
  },

  'input and bytes pass': async (lab) => {
    const bytes = Buffer.from([0, 1, 255, 254, 10])
    const outcome = await lab.tryDocker('run', '--rm', '-i', 'box', 'cat', { input: bytes })
    assert.deepEqual(outcome.stdoutBytes, bytes)
  },

  'the real paths are private': async (lab) => {
    lab.write('/etc/dso/dso.yaml', 'x: 1\n', 0o600)
    assert.equal((await lab.run(['cat', '/etc/dso/dso.yaml'])).stdout, 'x: 1\n')
    const paths = '/run/docker.sock /var/lib/docker /var/lib/dso /var/log/dso /root/.docker'.split(' ')
    await lab.run(['sh', '-c', 'touch /run/mine /etc/mine /usr/local/bin/mine'])
    const outcome = await lab.run(['ls', '-d', ...paths, '/run/mine', '/etc/mine', '/usr/local/bin/mine'])
    assert.equal(outcome.code, 0, outcome.stderr)
  },

  'images of several kinds': async (lab) => {
    const changes = ['USER 1000', 'VOLUME /data', 'ENTRYPOINT ["/hello.sh"]']
    await lab.image('special', {
      dockerfileChanges: changes,
      files: { '/hello.sh': '#!/bin/sh\nid -u\n' },
      dirs: ['/data'],
    })
    assert.equal(await lab.docker('run', '--rm', 'special'), '1000')
    await lab.distroless('lonely', `${engineFolder(lab.engine)}/bin/docker-init`)
    assert.match(await lab.docker('run', '--rm', 'lonely', '--version'), /tini/)
  },

  'compose goes up and down': async (lab) => {
    lab.write(
      '/root/project/compose.yaml',
      'services:\n  web:\n    image: box\n    command: sleep 1000\n    init: true\n',
    )
    await lab.compose('/root/project', 'up', '-d')
    assert.match(await lab.compose('/root/project', 'ps', '--format', 'json'), /"running"/)
    assert.match(await lab.docker('buildx', 'version'), /buildx/)
    await lab.compose('/root/project', 'down', '-t', '0')
    assert.equal(await lab.docker('ps', '-aq'), '')
  },

  'a volume plugin mounts a secret': async (lab) => {
    const plugin = lab.spawn([node, '--disable-warning=ExperimentalWarning', fakePlugin])
    assert.equal((await lab.run(['cat', `/proc/${plugin.pid}/comm`])).stdout.trim().slice(0, 4), 'node')
    await eventually(() => plugin.stdout.includes('ready'), { what: `the fake plugin (${plugin.output()})` })
    const args = ['run', '--rm', '-v', 'secret:/run/secrets', '--volume-driver', 'dso', 'box']
    assert.equal(await lab.docker(...args, 'cat', '/run/secrets/token'), 'from the plugin')
    assert.notEqual((await lab.tryDocker(...args, 'touch', '/run/secrets/other')).code, 0)
    // A volume whose plugin is gone makes the next start of dockerd take half a minute.
    await lab.docker('volume', 'rm', 'secret')
    assert.equal((await plugin.stop()).code, 0)
  },

  'a published port answers in the lab': async (lab) => {
    await lab.docker(
      'run',
      '-d',
      '--name',
      'web',
      '-p',
      '8080:80',
      'box',
      'sh',
      '-c',
      'echo ok > /tmp/i; httpd -f -h /tmp',
    )
    const fetched = () => lab.run(['busybox', 'wget', '-qO-', 'http://127.0.0.1:8080/i'])
    await eventually(async () => assert.equal((await fetched()).stdout, 'ok\n'), { what: 'the published port' })
    await lab.docker('rm', '-f', 'web')
  },

  'ports are lent, reached, and published to the outside': async (lab) => {
    const server = createServer((_, response) => response.end('from here'))
    const { promise, resolve } = Promise.withResolvers<void>()
    server.listen(0, '127.0.0.1', resolve)
    await promise
    const { port } = server.address() as AddressInfo
    await lab.lend(port)
    assert.equal((await lab.run(['busybox', 'wget', '-qO-', `http://127.0.0.1:${port}`])).stdout, 'from here')
    const gateway = `http://172.17.0.1:${port}`
    assert.equal(await lab.docker('run', '--rm', 'box', 'wget', '-qO-', gateway), 'from here')
    server.close()

    await lab.docker(
      'run',
      '-d',
      '--name',
      'far',
      '-p',
      '8081:80',
      'box',
      'sh',
      '-c',
      'echo far > /tmp/i; httpd -f -h /tmp',
    )
    const near = await lab.reach(8081)
    await eventually(async () => assert.equal(await (await fetch(`http://127.0.0.1:${near}/i`)).text(), 'far\n'))
    const outside = await lab.outside()
    const fetched = await outside.run(['busybox', 'wget', '-qO-', `http://${outside.labAddress}:8081/i`])
    assert.equal(fetched.stdout, 'far\n', fetched.stderr)
    await lab.docker('rm', '-f', 'far')
  },

  'dockerd killed and started again': async (lab) => {
    await lab.docker('run', '-d', '--init', '--restart', 'always', '--name', 'stays', 'box', 'sleep', '1000')
    const first = lab.dockerd.pid()
    await lab.killDockerd()
    assert.notEqual((await lab.tryDocker('ps')).code, 0)
    await lab.startDockerd()
    assert.notEqual(lab.dockerd.pid(), first)
    const running = () => lab.docker('inspect', '-f', '{{.State.Running}}', 'stays')
    await eventually(async () => (await running()) === 'true', { what: 'the restarted container' })
    await lab.stopDockerd()
    await lab.startDockerd()
    assert.equal((await lab.api('/_ping')).body, 'OK')
    assert.match(await lab.docker('ps', '-a'), /stays/)
  },
}

let passed = 0
let failed = 0

async function check(what: string, proof: () => Promise<unknown>): Promise<void> {
  const since = performance.now()
  try {
    await proof()
    passed += 1
    console.log(`ok      ${what} (${Math.round(performance.now() - since)} ms)`)
  } catch (error) {
    failed += 1
    console.error(`FAILED  ${what}:`, error)
  }
}

const before = await machine()
const labs: Lab[] = []
const opened = engines.map((engine) =>
  check(`${engine}: ${engineVersion(engine)}`, async () => labs.push(await openLab({ engine }))),
)
await Promise.all(opened)

await Promise.all(
  labs.map(async (lab) => {
    for (const [what, step] of Object.entries(steps)) await check(`${lab.engine}: ${what}`, () => step(lab))
  }),
)
const [one, other] = labs
if (one && other) {
  await check('two labs are joined', async () => {
    const [, address] = await join(one, other)
    assert.equal((await one.run(['busybox', 'ping', '-c', '1', '-W', '2', address])).code, 0)
  })
}
for (const lab of labs) {
  await check(`${lab.engine}: closed, and nothing is left of it`, async () => {
    await lab.close()
    await gone(lab.id)
  })
}
await check('a lab goes with a killed test', proveOwnerKilled)
await check('a lab without a keeper is swept', proveKeeperKilled)
await check('the machine is as before', async () => assert.deepEqual(await machine(), before))

console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
