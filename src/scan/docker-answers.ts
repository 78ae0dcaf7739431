import type { Engine } from '../docker/engine-types.ts'

/** What dockerd says of everything it has, and what the scan needs of it to find files. */
export interface DockerAnswers {
  /** Bodies exactly as dockerd sends them. */
  readonly answers: readonly { readonly where: string; readonly bytes: Uint8Array }[]
  readonly containers: readonly DescribedContainer[]
  /** DockerRootDir. */
  readonly rootDir: string
  /** The storage driver. */
  readonly driver: string
}

export interface DescribedContainer {
  readonly id: string
  readonly name: string
  readonly running: boolean
  /** 0 when it does not run. */
  readonly pid: number
  /** Folders by the storage driver's names (`UpperDir`, `LowerDir`, ...). */
  readonly layers: Readonly<Record<string, string>>
}

type Json = Readonly<Record<string, unknown>>

/** Lists of the API, how one of each is asked for, and by which property it is named. */
const lists = [
  { kind: 'container', list: '/containers/json?all=1', items: '', id: 'Id', ask: ['/containers/%/json'] },
  { kind: 'image', list: '/images/json?all=1', items: '', id: 'Id', ask: ['/images/%/json', '/images/%/history'] },
  { kind: 'volume', list: '/volumes', items: 'Volumes', id: 'Name', ask: ['/volumes/%'] },
  { kind: 'network', list: '/networks', items: '', id: 'Id', ask: ['/networks/%'] },
] as const

/**
 * Asks dockerd for everything that `docker inspect` could show. What it cannot tell goes to `note`; only the signal's
 * reason is thrown.
 */
export async function askDocker(
  engine: Pick<Engine, 'stream'>,
  note: (text: string) => void,
  signal: AbortSignal,
): Promise<DockerAnswers> {
  const answers: { where: string; bytes: Uint8Array }[] = []
  const ask = async (where: string, path: string): Promise<unknown> => {
    try {
      const bytes = await body(engine, path, signal)
      answers.push({ where, bytes })
      return JSON.parse(bytes.toString())
    } catch {
      signal.throwIfAborted()
      note(`not searched: ${where}: Docker did not answer`)
      return undefined
    }
  }

  const info = object(await ask('docker info', '/info'))
  const containers: DescribedContainer[] = []
  for (const { kind, list, items, id, ask: paths } of lists) {
    const answer = await ask(`docker ${kind} ls`, list)
    const rows = items === '' ? answer : object(answer)[items]
    for (const row of Array.isArray(rows) ? rows.map(object) : []) {
      const key = text(row[id])
      for (const path of paths) {
        const where = `docker ${kind} ${path.endsWith('history') ? 'history' : 'inspect'} ${shown(key, row)}`
        const one = await ask(where, path.replace('%', encodeURIComponent(key)))
        if (kind === 'container') containers.push(described(object(one)))
      }
    }
  }
  return {
    answers,
    containers: containers.filter(({ id }) => id !== ''),
    rootDir: text(info['DockerRootDir']) || '/var/lib/docker',
    driver: text(info['Driver']),
  }
}

async function body(engine: Pick<Engine, 'stream'>, path: string, signal: AbortSignal): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of await engine.stream(path, signal)) pieces.push(piece)
  return Buffer.concat(pieces)
}

function described(container: Json): DescribedContainer {
  const state = object(container['State'])
  const layers = object(object(container['GraphDriver'])['Data'])
  return {
    id: text(container['Id']),
    name: text(container['Name']).replace(/^\//, ''),
    running: state['Running'] === true,
    pid: typeof state['Pid'] === 'number' ? state['Pid'] : 0,
    layers: Object.fromEntries(Object.entries(layers).map(([name, folder]) => [name, text(folder)])),
  }
}

/** A name for people: a container's or an image's first name, else its id. */
function shown(id: string, row: Json): string {
  const names = row['Names'] ?? row['RepoTags']
  const name = text(Array.isArray(names) ? names[0] : row['Name'])
  return name === '' || name === '<none>:<none>' ? id.replace(/^sha256:/, '').slice(0, 12) : name.replace(/^\//, '')
}

const object = (json: unknown): Json => (typeof json === 'object' && json !== null ? (json as Json) : {})
const text = (json: unknown): string => (typeof json === 'string' ? json : '')
