import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Container } from '../core/model.ts'
import { readState, writeState } from '../host/files.ts'
import type { EngineInfo } from './engine-types.ts'
import { imageOf } from './image-of.ts'
import { driverName } from './observe.ts'
import { type Json, object, parseMount, text, texts, time } from './parse.ts'

/** dockerd's own record of its containers on disk, for the time before its API answers. */
export interface Records {
  /** dockerd's data folder, as `GET /info` last named it. */
  root(): string | undefined
  /** Keeps the folder's name on disk. Throws what `writeState` throws; the name is then known in memory. */
  remember(info: Pick<EngineInfo, 'rootDir'>): Promise<void>
  /** Undefined when nothing can be read: an error to the caller, never "no container". */
  containers(): Promise<Container[] | undefined>
  /** Whether some container's record names this volume with our driver. */
  mention(volume: string): Promise<boolean>
  /** Whether one of these containers mounts a subpath of the volume: only its record says so. False where it cannot be read. */
  mountsPart(volume: string, containerIds: readonly string[]): Promise<boolean>
}

/** `stateFile` holds the folder's name, no value. `problem` is told when it cannot be read. */
export function createRecords({
  stateFile,
  problem = () => {},
}: {
  readonly stateFile: string
  readonly problem?: (message: string) => void
}): Records {
  const kept = object(readState(stateFile, problem))['dockerRoot']
  let root = typeof kept === 'string' && kept.startsWith('/') ? kept : undefined
  const containers = async () => (root === undefined ? undefined : readRecords(join(root, 'containers')))
  return {
    root: () => root,
    remember: async ({ rootDir }) => {
      if (!rootDir.startsWith('/') || rootDir === root) return
      root = rootDir
      await writeState(stateFile, { dockerRoot: root })
    },
    containers,
    mention: async (volume) =>
      ((await containers()) ?? []).some(({ mounts }) =>
        mounts.some((mount) => mount.volume === volume && mount.driver === driverName),
      ),
    mountsPart: async (volume, containerIds) => {
      if (root === undefined) return false
      const folder = join(root, 'containers')
      const records = await Promise.all(containerIds.map((id) => readJson(folder, id)))
      return records.some((record) =>
        mountPoints(record).some((mount) => text(mount['Name']) === volume && isPart(mount)),
      )
    },
  }
}

async function readRecords(folder: string): Promise<Container[] | undefined> {
  let names: string[]
  try {
    names = await readdir(folder)
  } catch {
    return undefined
  }
  const ids = names.filter((name) => /^[0-9a-f]{64}$/.test(name))
  const read = await Promise.all(ids.map((id) => readRecord(folder, id)))
  const containers = read.filter((one) => one !== undefined)
  return ids.length > 0 && containers.length === 0 ? undefined : containers
}

async function readRecord(folder: string, id: string): Promise<Container | undefined> {
  const record = await readJson(folder, id)
  return text(record['ID']) === id ? parseRecord(record) : undefined
}

/** dockerd replaces the file by rename, so it is whole; a container being made or removed has none: an empty object. */
async function readJson(folder: string, id: string): Promise<Json> {
  try {
    return object(JSON.parse(await readFile(join(folder, id, 'config.v2.json'), 'utf8')))
  } catch {
    return {}
  }
}

const mountPoints = (record: Json): Json[] => Object.values(object(record['MountPoints'])).map(object)

const isPart = (mount: Json): boolean => text(object(object(mount['Spec'])['VolumeOptions'])['Subpath']) !== ''

function parseRecord(record: Json): Container {
  const mounts = mountPoints(record)
  return {
    id: text(record['ID']),
    name: text(record['Name']).replace(/^\//, ''),
    state: stateIn(object(record['State'])),
    labels: texts(object(record['Config'])['Labels']),
    imageId: imageOf(record['Image'], record['ImageManifest']),
    created: Math.floor(time(record['Created']) / 1000),
    mounts: mounts.filter((mount) => text(mount['Name']) !== '').map(parseMount),
  }
}

/** By dockerd's own order (container.State.StateString). One whose process is gone has ended, whatever is written. */
function stateIn(state: Json): Container['state'] {
  const pid = state['Pid']
  const alive = typeof pid === 'number' && pid > 0 && existsSync(`/proc/${pid}`)
  if (state['Running'] === true && state['Restarting'] === true) return 'restarting'
  if (state['Running'] === true && alive) return state['Paused'] === true ? 'paused' : 'running'
  if (state['RemovalInProgress'] === true) return 'removing'
  if (state['Dead'] === true) return 'dead'
  return time(state['StartedAt']) === 0 ? 'created' : 'exited'
}
