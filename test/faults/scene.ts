import { readFileSync, readlinkSync } from 'node:fs'
import { type Agent, ask, type EngineName, eventually, type Lab, openLab } from '../lab/lab.ts'
import { createReaders, names, type Readers, readersImage } from './readers.ts'
import { slots } from './slots.ts'

/** The secret that the readers read. */
const set = 'dso://local/crash/set'
const rest = 'dso://local/crash/rest'

/** The labels of a container that is given the whole set. */
const asks = names.flatMap((name) => ['--label', `dso.secret.${name}=${set}#${name}`])

/** A lab in which fifty readers read one set of files while the agent and dockerd come and go. */
export interface Scene {
  readonly lab: Lab
  readonly readers: Readers
  /** The agent that runs, or ran last. */
  agent(): Agent
  /** Starts an agent in place of the last one, which must have ended; unless `wait` is false, returns when it answers. */
  startAgent(env?: Readonly<Record<string, string>>, wait?: boolean): Promise<Agent>
  /** Asks root.sock. */
  root(method: string, path: string, body?: unknown): Promise<{ status: number; body: string }>
  /** Gives the secret its next value. Returns the value's mark, and whether the agent said that it is kept. */
  change(kind: 'good' | 'bad'): Promise<{ mark: string; kept: boolean }>
  /** The mark of the value in the vault. */
  inVault(): Promise<string>
  /** The mark in the files of the readers' container; throws when they are not one set. */
  inFiles(): Promise<string>
  /** Starts a container that is given the set and ends; returns what happened and what it read. */
  runOnce(): Promise<{ code: number | null; stderr: string; marks: readonly string[] }>
  /** Starts a container with the set, waits until the agent has seen it hold its files, and removes it. */
  startAndEnd(): Promise<void>
  /** Ways to put a secret there that nothing reads, and to remove it with all that was before. */
  readonly bystander: { put(): Promise<void>; purge(): Promise<void>; there(): Promise<boolean> }
  close(): Promise<void>
}

export interface SceneOptions {
  readonly engine: EngineName
  /** Bytes of each file of the next value, about. */
  readonly bytes: () => number
  /** The content of /etc/docker/daemon.json. */
  readonly daemonJson?: Readonly<Record<string, unknown>>
}

/** Opens the lab, starts an agent and the readers' container, and waits until they read. */
export async function openScene({ engine, bytes, daemonJson }: SceneOptions): Promise<Scene> {
  const lab = await openLab({ engine, daemonJson })
  try {
    await readersImage(lab)
    const scene = furnish(lab, await lab.startAgent(), bytes)
    await scene.change('good')
    const health = ['--label', 'dso.rotation=signal SIGHUP', '--label', 'dso.rotation.check=exec /check']
    const place = ['--name', 'app', '--restart', 'always', '--network', 'none', '--cpu-shares', '128', ...mount('app')]
    await lab.docker('run', '-d', ...place, ...asks, ...health, ...scene.readers.mount, 'readers')
    await scene.readers.reading()
    return scene
  } catch (error) {
    await lab.close()
    throw error
  }
}

const mount = (volume: string) => ['--mount', `type=volume,src=${volume},dst=/run/secrets,volume-driver=dso`]

function furnish(lab: Lab, first: Agent, bytes: () => number): Scene {
  const readers = createReaders(lab)
  let agent = first
  let generation = 0
  const root: Scene['root'] = (method, path, body) => ask(lab.path('/run/dso/root.sock'), path, { method, body })
  const put = (ref: string, value: unknown) => root('PUT', `/v1/secret?fields=1&ref=${encodeURIComponent(ref)}`, value)
  const get = (ref: string) => root('GET', `/v1/secret?ref=${encodeURIComponent(ref)}`)
  return {
    lab,
    readers,
    agent: () => agent,
    startAgent: async (env, wait = true) => {
      if (agent.running) throw new Error('an agent runs already')
      agent = await lab.startAgent({ env, wait })
      return agent
    },
    root,
    change: async (kind) => {
      generation += 1
      const mark = `g${generation}-${kind}-end`
      const text = [mark, 'x'.repeat(bytes()), mark].join('\n')
      const fields = Object.fromEntries(names.map((name) => [name, text]))
      const kept = await put(set, fields).then(
        ({ status, body }) => status === 200 || fail(`the value was not taken: ${status} ${body}`),
        () => false,
      )
      return { mark, kept }
    },
    inVault: async () => {
      const { status, body } = await get(`${set}#a`)
      return status === 200 ? oneMark([body]) : fail(`the vault does not answer: ${status} ${body}`)
    },
    inFiles: async () => oneMark(await filesOf(lab, 'app')),
    runOnce: async () => {
      const box = ['box', 'sh', '-c', 'cd /run/secrets; head -qn 1 a b c d; tail -qn 1 a b c d']
      const outcome = await lab.tryDocker('run', '--rm', '--network', 'none', ...mount('once'), ...asks, ...box)
      return { code: outcome.code, stderr: outcome.stderr, marks: outcome.stdout.match(/g\d+-\w+-end/g) ?? [] }
    },
    startAndEnd: async () => {
      await lab.docker(
        'run',
        '-d',
        '--name',
        'ends',
        '--network',
        'none',
        ...mount('ends'),
        ...asks,
        'box',
        'sleep',
        '1000',
      )
      const seen = async () => (await slots(lab)).some(({ record }) => record?.volume === 'ends' && record.everHeld)
      await eventually(seen, { what: 'the agent seeing a container hold its files' })
      await lab.docker('rm', '-f', 'ends')
    },
    bystander: {
      put: async () => void (await put(rest, { x: 'y' })),
      purge: async () => void (await root('DELETE', `/v1/secret?purge=1&ref=${encodeURIComponent(rest)}`)),
      there: async () => (await get(rest)).status === 200,
    },
    close: () => lab.close(),
  }
}

/** What the files of a running container hold now, as its own processes see them. */
async function filesOf(lab: Lab, container: string): Promise<string[]> {
  const pid = await lab.docker('inspect', '-f', '{{.State.Pid}}', container)
  return eventually(() => {
    const place = `/proc/${pid}/root/run/secrets`
    const folder = readlinkSync(`${place}/..data`)
    return names.map((name) => readFileSync(`${place}/${folder}/${name}`, 'utf8'))
  })
}

/** The one mark that texts begin and end with. */
function oneMark(texts: readonly string[]): string {
  const marks = new Set(texts.flatMap((text) => [text.split('\n')[0] ?? '', text.split('\n').at(-1) ?? '']))
  const [mark = ''] = marks
  return marks.size === 1 ? mark : fail(`not one set: ${[...marks].join(' ')}`)
}

function fail(message: string): never {
  throw new Error(message)
}
