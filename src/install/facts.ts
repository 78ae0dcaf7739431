import { lstat, readFile, realpath, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Engine } from '../docker/engine-types.ts'
import { groupId } from '../host/groups.ts'
import { paths } from '../host/paths.ts'
import { array, binds, object, type RiskyBind, text } from './binds.ts'

/** What the host's half of doctor judges. Value-free. */
export interface HostFacts {
  /** Sockets by path; undefined: not there, `unknown`: this user may not look. */
  readonly sockets: Readonly<Record<string, FileFacts | 'unknown' | undefined>>
  /** Group ids by name. */
  readonly groups: Readonly<Record<string, number | undefined>>
  readonly docker: DockerFacts | undefined
  readonly corePattern: string
  readonly systemd: SystemdFacts
  /** Names of variables that are set and would be refused. */
  readonly variables: readonly string[]
  /** Files and folders on the way to the program and its Node that others than root may write. */
  readonly writable: readonly string[]
  readonly program: string
  /** Milliseconds since 1970. */
  readonly now: number
}

export interface FileFacts {
  readonly uid: number
  readonly gid: number
  /** Permission bits. */
  readonly mode: number
  readonly isSocket: boolean
}

export interface DockerFacts {
  readonly version: string
  /** Milliseconds by which Docker's clock is ahead of ours. */
  readonly clockAhead: number
  readonly binds: readonly RiskyBind[]
}

export interface SystemdFacts {
  readonly running: boolean
  readonly socketUnit: boolean
  readonly serviceUnit: boolean
  /** Whether dso.socket is started at boot. */
  readonly enabled: boolean
}

export interface HostFactsNeeds {
  readonly engine: Pick<Engine, 'json' | 'version'>
  readonly env: Readonly<Record<string, string | undefined>>
  /** The file that runs: `process.argv[1]`. */
  readonly program: string
}

/** Longest wait for one answer of Docker. */
const patienceMs = 3000

/** Looks at the host as the user who calls. What cannot be seen is absent or `unknown`; throws only the signal's reason. */
export async function gatherHostFacts(
  { engine, env, program }: HostFactsNeeds,
  signal: AbortSignal,
): Promise<HostFacts> {
  const sockets = [paths.statusSocket, paths.controlSocket, paths.rootSocket, paths.pluginSocket, paths.dockerSocket]
  const found = await Promise.all(sockets.map(async (path) => [path, await fileFacts(path)] as const))
  return {
    sockets: Object.fromEntries(found),
    groups: groupIds(['dso', 'dso-admin', 'dso-docker']),
    docker: await dockerFacts(engine, signal),
    corePattern: (await readFile('/proc/sys/kernel/core_pattern', 'utf8').catch(() => '')).trim(),
    systemd: await systemdFacts(),
    variables: ['NODE_OPTIONS', 'NODE_DEBUG', 'NODE_DEBUG_NATIVE', 'NODE_V8_COVERAGE'].filter(
      (name) => (env[name] ?? '') !== '',
    ),
    writable: [...new Set([...(await writableOnTheWay(program)), ...(await writableOnTheWay(process.execPath))])],
    program,
    now: Date.now(),
  }
}

async function fileFacts(path: string): Promise<FileFacts | 'unknown' | undefined> {
  try {
    const found = await lstat(path)
    return { uid: found.uid, gid: found.gid, mode: found.mode & 0o7777, isSocket: found.isSocket() }
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES' ? 'unknown' : undefined
  }
}

const groupIds = (names: readonly string[]): Record<string, number | undefined> =>
  Object.fromEntries(names.map((name) => [name, groupId(name)]))

async function dockerFacts(engine: HostFactsNeeds['engine'], signal: AbortSignal): Promise<DockerFacts | undefined> {
  try {
    const soon = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)])
    const { version } = await engine.version(soon)
    const info = object(await engine.json('/info', soon))
    const clock = Date.parse(text(info['SystemTime']))
    const containers = array(await engine.json('/containers/json?all=1', soon))
    return { version, clockAhead: Number.isNaN(clock) ? 0 : clock - Date.now(), binds: containers.flatMap(binds) }
  } catch {
    signal.throwIfAborted()
    return undefined
  }
}

async function systemdFacts(): Promise<SystemdFacts> {
  const exists = async (...files: readonly string[]) =>
    (await Promise.all(files.map((file) => stat(file).catch(() => undefined)))).some((one) => one !== undefined)
  const unit = (name: string) =>
    exists(`/etc/systemd/system/${name}`, `/usr/lib/systemd/system/${name}`, `/lib/systemd/system/${name}`)
  return {
    running: await exists('/run/systemd/system'),
    socketUnit: await unit('dso.socket'),
    serviceUnit: await unit('dso.service'),
    enabled: await exists('/etc/systemd/system/sockets.target.wants/dso.socket'),
  }
}

/**
 * Every step of a path, links resolved, that is not root's or in which others may replace the next one: in a sticky folder
 * (/tmp) they cannot replace what is root's.
 */
export async function writableOnTheWay(path: string): Promise<string[]> {
  const real = await realpath(path).catch(() => path)
  const steps = [real]
  for (let folder = dirname(real); steps.at(-1) !== folder; folder = dirname(folder)) steps.push(folder)
  const judged = await Promise.all(
    steps.map(async (step) => ({ step, facts: await stat(step).catch(() => undefined) })),
  )
  const open = ({ step, facts }: (typeof judged)[number]) =>
    facts !== undefined &&
    (facts.uid !== 0 || ((facts.mode & 0o022) !== 0 && (step === real || (facts.mode & 0o1000) === 0)))
  return judged.filter(open).map(({ step }) => step)
}
