import type { Container } from '../core/model.ts'

/** What the engine is used for. Every call throws `EngineError`, or the signal's own reason when the caller gave up. */
export interface Engine {
  ping(signal: AbortSignal): Promise<void>
  version(signal: AbortSignal): Promise<EngineVersion>
  info(signal: AbortSignal): Promise<EngineInfo>
  /** The lock-free list, safe inside a plugin handler. With `volume`: only containers with a mount of exactly this name. */
  containers(of: { readonly volume?: string; readonly all: true }, signal: AbortSignal): Promise<Container[]>
  /** Takes the container's lock: never inside a plugin handler. */
  inspect(nameOrId: string, signal: AbortSignal): Promise<Inspected>
  image(id: string, signal: AbortSignal): Promise<Image>
  start(nameOrId: string, signal?: AbortSignal): Promise<void>
  /** `name` is a signal's name as SIGHUP. */
  kill(nameOrId: string, name: string, signal?: AbortSignal): Promise<void>
  /** Runs the words to their end without a shell. What they print is counted and dropped. */
  exec(nameOrId: string, words: readonly string[], signal: AbortSignal): Promise<{ exitCode: number; bytes: number }>
  /** Ends only by throwing: when the connection is lost, or the signal's reason. `since` in milliseconds since 1970. */
  events(of: { readonly since?: number }, signal: AbortSignal): AsyncIterable<DockerEvent>
  volume(name: string, signal: AbortSignal): Promise<EngineVolume>
  volumes(signal: AbortSignal): Promise<EngineVolume[]>
  /** The JSON of any GET of the API, `path` without version. */
  json(path: string, signal: AbortSignal): Promise<unknown>
  /** The body of any GET of the API as it comes (logs, archives). Leaving the loop ends the connection. */
  stream(path: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>
}

export interface EngineVersion {
  /** `28.5.2` */
  readonly version: string
  readonly apiVersion: string
}

export interface EngineInfo {
  readonly rootDir: string
  readonly name: string
  readonly version: string
  readonly driver: string
  readonly liveRestore: boolean
  readonly securityOptions: readonly string[]
}

export interface Image {
  /** `sha256:…` */
  readonly id: string
  readonly labels: Readonly<Record<string, string>>
  /** Compose's hash that a built image carries, as far as it does. */
  readonly configHash?: string
}

export interface EngineVolume {
  readonly name: string
  readonly driver: string
  readonly labels: Readonly<Record<string, string>>
  readonly options: Readonly<Record<string, string>>
  /** ISO 8601. */
  readonly createdAt: string
}

export interface DockerEvent {
  readonly type: 'container' | 'volume'
  /** `start`, `die`, `health_status: healthy`. */
  readonly action: string
  /** A container's id, a volume's name. */
  readonly id: string
  /** `name`, `exitCode`, `signal`; a container's labels are among them. */
  readonly attributes: Readonly<Record<string, string>>
  /** Milliseconds since 1970. */
  readonly at: number
}

/** A container as far as we use it. Times in milliseconds since 1970, 0: never. */
export interface Inspected {
  readonly id: string
  /** Without the leading slash. */
  readonly name: string
  /** The image's id. */
  readonly image: string
  readonly state: InspectedState
  readonly restartCount: number
  /** `no`, `always`, `unless-stopped`, `on-failure`. */
  readonly restartPolicy: string
  readonly autoRemove: boolean
  /** Absent without a health check or with `NONE`. Zero means the engine's default. */
  readonly healthcheck?: Healthcheck
  /** Addresses by network name; a network without an address is left out. */
  readonly networks: Readonly<Record<string, string>>
  readonly networkMode: string
  readonly labels: Readonly<Record<string, string>>
  readonly mounts: readonly InspectedMount[]
  readonly stopSignal?: string
}

export interface InspectedState {
  readonly status: Container['state']
  readonly running: boolean
  readonly paused: boolean
  readonly restarting: boolean
  readonly exitCode: number
  /** Docker's own words on why a start failed, printable. */
  readonly error: string
  readonly pid: number
  readonly startedAt: number
  readonly finishedAt: number
  readonly oomKilled: boolean
  readonly health?: Health
}

export interface Health {
  /** `starting`, `healthy`, `unhealthy`. */
  readonly status: string
  readonly log: readonly Probe[]
}

export interface Probe {
  readonly start: number
  readonly end: number
  readonly exitCode: number
}

export interface Healthcheck {
  readonly test: readonly string[]
  readonly intervalMs: number
  readonly timeoutMs: number
  readonly startPeriodMs: number
  readonly retries: number
}

export interface InspectedMount {
  /** `volume`, `bind`, `tmpfs`. */
  readonly type: string
  readonly name: string
  readonly driver: string
  readonly destination: string
  readonly writable: boolean
  readonly subPath?: string
}
