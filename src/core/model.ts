/** The nouns that all parts share (ARCHITECTURE.md). Value-free: everything here may be printed, stored and sent. */

/** Which secret, or which field of it. Made only by `parseReference`, so every reference is in its one spelling. */
export interface Reference {
  readonly source: string
  /** Decoded, segments joined by "/": no segment is empty, ".", ".." or holds a slash. */
  readonly path: string
  /** Decoded and sorted by name. */
  readonly query: readonly (readonly [name: string, value: string])[]
  /** Decoded steps into the content; empty means the whole secret. */
  readonly field: readonly string[]
  /** `#*` asks for each field, `/*` for each secret directly below the path (the path then has no `*`). */
  readonly wildcard?: 'fields' | 'children'
}

/** The canonical text of a reference without its field: references with one read key are one read (one version, one answer). */
export type ReadKey = string

export type Filter = 'url' | 'json' | 'base64' | 'unbase64' | 'trim'

export interface Insert {
  readonly reference: Reference
  readonly filters: readonly Filter[]
}

/** What stands behind a `dso.secret.` label: one insert alone is delivered as its exact bytes. */
export type Value =
  | { readonly kind: 'insert'; readonly insert: Insert }
  | { readonly kind: 'text'; readonly parts: readonly (string | Insert)[] }

/** This value at this place by this delivery. */
export interface Binding {
  readonly file: string
  readonly value: Value
  /** Permission bits, 0 to 0o7777. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

/** `dso.secret.*`: many files by one label. A binding of the same file name wins over it. */
export interface Expansion {
  readonly reference: Reference
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** `dso.mode.<file>` and the like, for files only known after expansion. */
  readonly perFile: Readonly<Record<string, { readonly mode?: number; readonly uid?: number; readonly gid?: number }>>
}

export type Check =
  | { readonly kind: 'exec'; readonly words: readonly string[] }
  | { readonly kind: 'http'; readonly port: number; readonly path: string }
  | { readonly kind: 'tcp'; readonly port: number }

export type StrategyAsked =
  | { readonly kind: 'auto' | 'live' | 'none' }
  | { readonly kind: 'signal'; readonly signal: string }

/** The `dso.rotation*` labels; an absent number means dso.yaml's or the health check's own. */
export interface Rotation {
  readonly strategy: StrategyAsked
  readonly check?: Check
  readonly timeoutMs?: number
  readonly settleMs?: number
  readonly gatherMs?: number
}

/** What one container asks for, by its labels and its volume's driver_opts. */
export interface Asked {
  readonly bindings: readonly Binding[]
  readonly expansions: readonly Expansion[]
  readonly rotation: Rotation
}

/** `project/service` for a Compose service, else the container's name. */
export type Workload = string

/** A container as the lock-free list or dockerd's own records show it. Labels are all labels, the image's among them. */
export interface Container {
  readonly id: string
  /** Without the leading slash. */
  readonly name: string
  readonly state: 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead'
  readonly labels: Readonly<Record<string, string>>
  /** Names one image of one platform; two are the same image exactly when these are equal. */
  readonly imageId: string
  /** Seconds since 1970. */
  readonly created: number
  readonly mounts: readonly ContainerMount[]
}

export interface ContainerMount {
  readonly volume: string
  readonly driver: string
  readonly destination: string
}

/** What the agent remembers of a volume (on disk, outside any handler's wait). */
export interface Volume {
  readonly name: string
  readonly options: Readonly<Record<string, string>>
  /** `com.docker.compose.project` of the volume, read on its create event; absent until then or without one. */
  readonly project?: string
  readonly createdAt: string
}

/** One read of one secret as a generation holds it. */
export interface Read {
  /** The source's own version id. */
  readonly version: string
  /** HMAC(key in tmpfs, read key, version, content): tells contents apart, tells nothing about them (docs/requirements.md 16). */
  readonly mark: string
}

/** One complete set of values of one mount, without the values: every binding expanded, every read versioned. */
export interface Generation {
  readonly bindings: readonly Binding[]
  readonly reads: Readonly<Record<ReadKey, Read>>
  /** Files whose last byte is a newline, which is delivered and told; absent when there are none. */
  readonly endInNewline?: readonly string[]
  /** Equal exactly when bindings and marks are equal. */
  readonly fingerprint: string
}

/** A mount as it is on the host: read from its own tmpfs and from mountinfo at every look. */
export interface ObservedMount {
  /** Name of its directory under /run/dso/values. */
  readonly slot: string
  readonly mountId: string
  readonly volume: string
  readonly workload: Workload
  /** Container ids that the Mount's decision counted; the holder must be one of them. */
  readonly authorised: readonly string[]
  /** Container ids whose processes have it mounted now. */
  readonly holders: readonly string[]
  /** What is in the files now. */
  readonly generation: Generation
  /** The last generation that was proved: the way back. Equal to `generation` when no rollout is open. */
  readonly proved: Generation
  /** Milliseconds since 1970 of the last Mount answer for this id. */
  readonly answeredAt: number
  /** Mount calls less Unmount calls; a hint, mountinfo is the truth. */
  readonly uses: number
  readonly everHeld: boolean
}

/** One look at the host. */
export interface World {
  /** Containers that reference a `driver: dso` volume. */
  readonly containers: readonly Container[]
  readonly mounts: readonly ObservedMount[]
  /** Running containers that ask by labels and mount no dso volume: they have nothing of what they ask for. */
  readonly unserved?: readonly Container[]
}

/** A version that made a rollout of a workload fail. Survives reboots, hence the source's own version id. */
export interface Quarantined {
  readonly workload: Workload
  readonly read: ReadKey
  readonly version: string
  /** The source's version that served when it failed: what starts get meanwhile. Absent: a start fails with QUARANTINED. */
  readonly serving?: string
  readonly reason: string
  readonly since: string
}
