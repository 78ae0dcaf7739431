import { randomBytes, randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { describe, expect, test } from 'vitest'
import { ask, eventually, product } from '../lab/lab.ts'
import { stage, withSecrets } from './stage.ts'

const labels = { 'secret.db': 'dso://local/db', 'rotation.settle': '1s' }
const sockets = ['status', 'control', 'root'].map((name) => `/run/dso/${name}.sock`)

const it = stage(async ({ lab }) => {
  await lab.dso('secret', 'set', 'db', { input: 'canary-4f0d-0' })
  await lab.docker('run', '-d', '--name', 'held', ...withSecrets('held', labels), 'box', 'sleep', '1000')
})

describe('nobody', () => {
  const asNobody = (script: string) =>
    it.lab.run(['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--inh-caps=-all', 'sh', '-c', script])

  test('who knows every path gets EACCES, also while files are swapped', async () => {
    const { stdout } = await it.lab.run(['find', '/run/dso', '/var/lib/dso', '/etc/dso', '-mindepth', '1'])
    const paths = stdout.split('\n').filter((path) => path !== '' && !/\.sock$/.test(path))
    expect(paths.filter((path) => path.endsWith('/db')).length).toBeGreaterThan(1)
    it.lab.write('/tmp/paths', paths.join('\n'), 0o644)
    const all = 'n=0; while [ $n -lt 20 ]; do n=$((n + 1)); xargs -d "\\n" cat < /tmp/paths; done; true'
    const reading = asNobody(all)
    for (let n = 1; n <= 10; n += 1) await it.lab.dso('secret', 'set', 'db', { input: `canary-4f0d-${n}` })
    const outcome = await reading
    expect(outcome.stdout).toBe('')
    expect(outcome.stderr).toContain('Permission denied')
    expect(outcome.stderr.split('\n').filter((line) => line !== '' && !/Permission denied/.test(line))).toEqual([])
  })

  test('cannot connect to any socket, nor look into the agent', async () => {
    const plugin = '/run/docker/plugins/dso.sock'
    const connect = (path: string) => `net.connect(${JSON.stringify(path)}).on('connect',()=>console.log('open')).on('error',(e)=>console.log(e.code))` // biome-ignore format: one line
    const script = `const net=require('node:net');${[...sockets, plugin].map(connect).join(';')}`
    const tried = await asNobody(`${product[0]} -e '${script.replaceAll("'", `'\\''`)}'`)
    expect(tried.stdout.split('\n').filter(Boolean)).toEqual(['EACCES', 'EACCES', 'EACCES', 'EACCES'])
    for (const file of ['environ', 'mem', 'maps', 'root/etc/hostname', 'fd/0']) {
      const looked = await asNobody(`cat /proc/${it.agent.pid}/${file}`)
      expect(looked.stdout, file).toBe('')
      expect(looked.stderr, file).toContain('Permission denied')
    }
  })
})

describe('the agent refuses to start where it could be looked into', () => {
  test.each([
    ['NODE_OPTIONS', { NODE_OPTIONS: '--inspect=127.0.0.1:9339' }],
    ['NODE_OPTIONS', { NODE_OPTIONS: '--heapsnapshot-signal=SIGUSR2' }],
    ['NODE_V8_COVERAGE', { NODE_V8_COVERAGE: '/tmp/coverage' }],
  ])('by %s', async (name, env) => {
    const outcome = await it.lab.tryDso('agent', { env })
    expect(outcome.code).not.toBe(0)
    expect(outcome.stderr).toMatch(new RegExp(`dso: .*${name} is set`))
  })
})

describe('ten thousand requests of garbage', () => {
  test.each(sockets)('on %s hurt nobody', async (path) => {
    const rounds = async () => {
      for (let round = 0; round < 20; round += 1)
        await Promise.all(Array.from({ length: 84 }, () => raw(it.lab.path(path), garbage())))
      return rss()
    }
    const half = await rounds()
    expect((await rounds()) - half).toBeLessThan(50)
    expect((await ask(it.lab.path(path), '/v1/version')).status).toBe(200)
    expect(await it.lab.docker('exec', 'held', 'cat', '/run/secrets/db')).toMatch(/^canary-4f0d-\d+$/)
  })

  test('nothing was set, removed, paused or locked by it, and changes go on', async () => {
    expect(JSON.parse(await it.lab.dso('secret', 'list', '--json'))).toHaveLength(1)
    await it.lab.dso('secret', 'set', 'db', { input: 'canary-4f0d-last' })
    await eventually(
      async () => (await it.lab.docker('exec', 'held', 'cat', '/run/secrets/db')) === 'canary-4f0d-last',
      { what: 'a change', deadlineMs: 20_000 },
    )
  })
})

/** The agent's resident memory in MB. */
const rss = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${it.agent.pid}/status`, 'utf8'))?.[1]) / 1024

/** One connection with these bytes, until it ends. */
function raw(path: string, bytes: string | Buffer): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const connection = createConnection(path, () => connection.end(bytes))
  connection.setTimeout(20_000, () => connection.destroy())
  connection.on('data', () => {})
  connection.on('error', () => {})
  connection.on('close', () => resolve())
  return promise
}

const verbs = ['GET', 'PUT', 'POST', 'DELETE', 'PATCH', 'OPTIONS']
const places = [
  '/',
  '/v1/../v1/secret',
  '/v1/secret?ref=dso://local/../x',
  '/v1/secret?ref=%00',
  '/v1/plan?target=%ff%fe',
  '/v1/rollouts?workload=__proto__',
  '/v1/explain?target=../../etc/passwd',
  '/v1/events?since=-1',
  '/v1/pause?workload=nobody',
  '/v1/unlock?accept_older=yes',
  `/v1/names?${'x'.repeat(9000)}`,
]

function garbage(): Buffer | string {
  const noise = randomBytes(randomInt(1, 4000))
  if (randomInt(3) === 0) return noise
  const [verb = 'GET', place = '/'] = [verbs[randomInt(verbs.length)], places[randomInt(places.length)]]
  const body = ['', '{', 'null', noise.toString('base64')][randomInt(4)] ?? ''
  const length = randomInt(10) === 0 ? body.length + 100 : body.length
  return `${verb} ${place} HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n${body}`
}
