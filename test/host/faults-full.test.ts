import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Agent, eventually, type Lab, openLab } from '../lab/lab.ts'
import { engine, withSecrets } from './stage.ts'

let lab: Lab
let agent: Agent
beforeEach(async () => {
  lab = await openLab({ engine })
})
afterEach(() => lab?.close())

const labels = { 'secret.a': 'dso://local/full#a', 'secret.b': 'dso://local/full#b', 'rotation.settle': '1s' }
const sized = (mark: string, bytes: number) => mark.padEnd(bytes, '.')
const set = (mark: string, bytes = 100) =>
  lab.tryDso('secret', 'set', 'full', '--fields', {
    input: JSON.stringify({ a: sized(mark, bytes), b: sized(mark, bytes) }),
  })

/** The marks that both files of the running container begin with, and their sizes; read without `docker exec`, which needs a /run with room. */
async function reads(): Promise<string> {
  const place = `/proc/${await lab.docker('inspect', '-f', '{{.State.Pid}}', 'full')}/root/run/secrets`
  const folder = `${place}/${readlinkSync(`${place}/..data`)}`
  return ['a', 'b']
    .map((name) => readFileSync(`${folder}/${name}`, 'utf8'))
    .map((text) => `${text.slice(0, 3)}${text.length}`)
    .join('\n')
}
const holds = (mark: string, bytes = 100) => [`${mark}${bytes}`, `${mark}${bytes}`].join('\n')
const run = (...more: string[]) => lab.docker('run', '-d', '--name', 'full', ...withSecrets('full', labels), ...more)
const once = (volume = 'once') => lab.tryDocker('run', '--rm', ...withSecrets(volume, labels), 'box', 'head', '-c', '3', '/run/secrets/a') // biome-ignore format: one command

/** Waits until status says why the change does not come. */
const noRoom = () =>
  eventually(async () => /the RAM for values is full|do not fit into the RAM/.test(await lab.dso('status', '--json')), {
    what: 'the reason in status',
  })

/** Fills the file system that a folder of the lab lies in, to the last byte. */
const fill = (folder: string) =>
  lab.run(['sh', '-c', `dd if=/dev/zero of=${folder}/.fill bs=64k; dd if=/dev/zero of=${folder}/.fill2 bs=1; true`])
const free = (folder: string) => lab.run(['sh', '-c', `rm -f ${folder}/.fill ${folder}/.fill2`])

describe('no RAM is left', () => {
  test("by dso.yaml's limit: nothing new starts or changes, what serves stays, and it goes on when there is room", async () => {
    lab.write('/etc/dso/dso.yaml', 'delivery: {max_value: 2MiB}\n')
    agent = await lab.startAgent()
    await set('one')
    await run('box', 'sleep', '1000')
    await set('two', 700_000)
    await lab.dso('sync', 'full', '--wait')
    expect(await reads()).toBe(holds('two', 700_000))
    lab.write('/etc/dso/dso.yaml', 'delivery: {size: 1MiB, max_value: 2MiB}\n')
    await eventually(() => agent.log().includes('config.loaded'))
    await set('bad', 700_001)
    await noRoom()
    expect(await reads()).toBe(holds('two', 700_000))
    const refused = await once()
    expect(refused.code).toBe(125)
    expect(refused.stderr).toMatch(/dso: [^\n]*raise delivery\.size[^\n]*\[RAM_FULL\]/)
    await set('new')
    await eventually(async () => (await reads()) === holds('new'), { what: 'a value for which there is room' })
    expect((await once()).stdout).toBe('new')
  })

  test("in a mount's own tmpfs: the swap is given up before the rename, and done when there is room", async () => {
    agent = await lab.startAgent()
    await set('one')
    await run('box', 'sleep', '1000')
    const [state = ''] = (await lab.run(['sh', '-c', 'ls -d /run/dso/values/*/state/mount.json'])).stdout.split('\n')
    const folder = state.replace('/mount.json', '')
    await fill(folder)
    await set('two', 50_000)
    await noRoom()
    expect(await reads()).toBe(holds('one'))
    const left = readdirSync(lab.path(`${folder}/files`)).filter((name) => name.startsWith('..2'))
    expect(left).toHaveLength(1)
    await free(folder)
    await eventually(async () => (await reads()) === holds('two', 50_000), { deadlineMs: 30_000, what: 'the change' })
  })

  test('in /run: changes come, starts are refused with a sentence, and work again when there is room', async () => {
    await lab.run(['mount', '-o', 'remount,size=8m', '/run'])
    agent = await lab.startAgent()
    await set('one')
    await run('box', 'sleep', '1000')
    await fill('/run')
    expect((await set('two')).stderr).toBe('')
    await eventually(async () => (await reads()) === holds('two'), { what: 'a change while /run is full' })
    await agent.kill9()
    await free('/run')
    agent = await lab.startAgent()
    expect((await once()).stdout).toBe('two')
  })
})

describe('the disk under /var/lib/dso is full', () => {
  beforeEach(async () => {
    await lab.run(['mount', '-t', 'tmpfs', '-o', 'size=256k,mode=700', 'disk', '/var/lib/dso'])
    agent = await lab.startAgent()
    await set('one')
    await run('box', 'sleep', '1000')
    await lab.docker('volume', 'create', '-d', 'dso', 'once')
    await fill('/var/lib/dso')
  })

  test('what is there is delivered, a new value is refused, no file of state is cut', async () => {
    const refused = await set('two')
    expect(refused.code).not.toBe(0)
    expect(refused.stderr).toMatch(/^dso: .*\[[A-Z_]+\]/m)
    expect((await once()).stdout).toBe('one')
    expect((await once('another')).stdout).toBe('one')
    await lab.docker('restart', '-t', '0', 'full')
    expect(await reads()).toBe(holds('one'))

    await agent.kill9()
    agent = await lab.startAgent()
    expect((await once()).stdout).toBe('one')
    expect(await reads()).toBe(holds('one'))
    for (const name of stateFiles()) expect(() => JSON.parse(readFileSync(lab.path(name), 'utf8')), name).not.toThrow()
    expect(readdirSync(lab.path('/var/lib/dso')).filter((name) => name.endsWith('.corrupt'))).toEqual([])

    await free('/var/lib/dso')
    expect((await set('two')).stderr).toBe('')
    await eventually(async () => (await reads()) === holds('two'), { deadlineMs: 20_000, what: 'the change' })
  })

  const stateFiles = () =>
    readdirSync(lab.path('/var/lib/dso'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.json'))
      .map((name) => `/var/lib/dso/${name}`)
})
