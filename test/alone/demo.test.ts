import { afterAll, beforeAll, expect, test } from 'vitest'
import { repository } from '../lab/furnish.ts'
import { type Lab, openLab } from '../lab/lab.ts'

/** Run before the other tests, alone: the demo builds dist/ anew. */
let lab: Lab
beforeAll(async () => {
  lab = await openLab({ engine: 'current', start: false })
})
afterAll(() => lab?.close())

const demo = (...args: string[]) =>
  lab.run([`${repository}/scripts/demo`, ...args], { cwd: repository, timeoutMs: 280_000 })

test('the demo shows the main job on an engine of its own and leaves nothing', async () => {
  const { code, stdout, stderr } = await demo()
  expect(code, stdout + stderr).toBe(0)
  expect(stdout).toContain('first thing I do: password is correct horse')
  expect(stdout).toContain('docker inspect shows the value: 0 times')
  expect(stdout).toContain('it reads: battery staple')
  expect(stdout.match(/same process since/g)).toHaveLength(2)
  expect(stdout).toContain('ROLLED BACK')
  expect(stdout).toContain('user is shop')
  expect(stdout).toContain('no value found where none may lie')
  const looks = [
    'ls -d /var/lib/dso-demo',
    "grep ' /run/dso/values' /proc/self/mountinfo",
    "pgrep -f '[d]ockerd --data-root /var/lib/dso-demo'",
  ]
  const left = await lab.run(['sh', '-c', looks.join('; ')])
  expect(left.stdout).toBe('')
})

test('--keep leaves it running, --down ends it', async () => {
  const { code, stdout, stderr } = await demo('--keep')
  expect(code, stdout + stderr).toBe(0)
  const status = await lab.run([
    'sh',
    '-c',
    'DOCKER_CONFIG=/var/lib/dso-demo/docker PATH=/var/lib/dso-demo/bin:$PATH docker dso status',
  ])
  expect(status.stdout).toContain('dso-demo-api')
  expect((await demo('--down')).code).toBe(0)
  expect((await lab.run(['ls', '/var/lib/dso-demo'])).code).not.toBe(0)
})
