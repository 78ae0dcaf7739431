import type { Code } from './failure.ts'
import type { Generation, Quarantined, Workload } from './model.ts'
import type { Plan } from './step.ts'

/**
 * What the agent answers on its sockets (HTTP over a Unix socket, JSON unless said otherwise). Value-free, but for
 * `GET /v1/secret`, which root.sock alone serves. Errors are `{ "error": Failure.toJSON() }` with status 4xx or 5xx.
 *
 * status.sock  GET /v1/version, /v1/status, /v1/plan?target=, /v1/explain?target=, /v1/rollouts?workload=,
 *              /v1/names (completion), /v1/events?since=SEQ|ISO&follow=1 (NDJSON), /v1/checks (the agent's half of doctor)
 * control.sock the above, and POST /v1/sync (NDJSON), /v1/pause?workload=, /v1/resume?workload=
 * root.sock    the above, and
 *              PUT /v1/secret?ref=&fields=1 (body: the bytes)  GET /v1/secret?ref= (answer: the bytes)  DELETE /v1/secret?ref=&purge=1
 *              GET /v1/secret/about?ref=  GET /v1/secrets?prefix=  GET /v1/history?ref=  POST /v1/rollback?ref=&version=
 *              POST /v1/unlock?accept_older=1 (body: the passphrase)  POST /v1/scan (NDJSON)
 */
export interface VersionAnswer {
  readonly version: string
  readonly pid: number
  readonly startedAt: string
}

export interface SourceStatus {
  readonly name: string
  readonly state: 'ok' | 'locked' | 'refused' | 'stale'
  readonly lookedAt?: string
  readonly identity: string
  readonly secrets: number
  readonly message?: string
}

export interface WorkloadStatus {
  readonly workload: Workload
  readonly running: number
  readonly total: number
  readonly files: number
  readonly vars: number
  /** As the column ON CHANGE shows it: `live (auto)`, `signal SIGHUP`, `none`. */
  readonly onChange: string
  readonly state: 'ok' | 'changing' | 'rolled-back' | 'refused' | 'paused' | 'foreign' | 'outdated'
  /** The cell STATE in words: `ok, changed 2 h ago` is composed by the CLI from these. */
  readonly message?: string
  readonly changedAt?: string
  readonly quarantined: readonly Quarantined[]
  readonly containers: readonly { readonly name: string; readonly state: string; readonly slot?: string }[]
  readonly generation?: Generation
}

export interface StatusAnswer {
  readonly version: string
  readonly host: string
  readonly startedAt: string
  readonly secrets: number
  readonly ramBytes: number
  /** `noswap`, `no swap active`, `ramfs`, `may be swapped`. */
  readonly ram: string
  readonly tenancy: 'single'
  readonly sources: readonly SourceStatus[]
  readonly workloads: readonly WorkloadStatus[]
  /** One sentence each: configuration refused, Docker unreachable, and the like. */
  readonly problems: readonly string[]
}

export interface PlanAnswer {
  readonly plans: readonly Plan[]
  /** Workloads looked at for which nothing is to be done. */
  readonly unchanged: readonly Workload[]
}

export interface RolloutRecord {
  readonly id: string
  readonly workload: Workload
  readonly cause: string
  readonly strategy: string
  readonly startedAt: string
  readonly endedAt?: string
  readonly outcome: 'open' | 'applied' | 'rolled-back' | 'superseded' | 'ended'
  readonly message?: string
}

/** Lines of POST /v1/sync: progress, then one `done`. */
export type SyncLine =
  | { readonly kind: 'progress'; readonly workload: Workload; readonly message: string }
  | {
      readonly kind: 'done'
      readonly changed: number
      readonly unchanged: number
      readonly rolledBack: readonly RolloutRecord[]
      /** What these ask for could not be had, or they could not be looked at: a line of progress says why. */
      readonly failed: readonly { readonly workload: Workload; readonly code: Code }[]
    }

export interface SecretListing {
  readonly path: string
  readonly version: number
  readonly changedAt: string
  /** Names only; absent for a secret that is one value. */
  readonly fields?: readonly string[]
}

/** What `secret get` shows without --reveal. */
export interface SecretAbout {
  readonly reference: string
  readonly version: string
  readonly bytes: number
  readonly endsInNewline: boolean
  /** Of a whole secret made of fields. */
  readonly fields?: readonly { readonly name: string; readonly bytes: number; readonly endsInNewline: boolean }[]
}

export interface SecretVersion {
  readonly version: number
  readonly createdAt: string
  readonly current: boolean
}

/** What `explain` tells, in order: one line each, `what` in words. */
export interface ExplainAnswer {
  readonly subject: string
  readonly kind: 'workload' | 'volume' | 'reference'
  readonly lines: readonly {
    readonly topic: 'asks' | 'decided' | 'delivered' | 'ignored' | 'refused' | 'used by' | 'version'
    readonly text: string
  }[]
}

export interface CheckLine {
  readonly name: string
  readonly state: 'ok' | 'warn' | 'fail'
  readonly found: string
  readonly remedy?: string
}

/** Lines of POST /v1/scan: progress, findings (where, never what), then one `done`. */
export type ScanLine =
  | { readonly kind: 'progress'; readonly what: string; readonly done: number; readonly total: number }
  | { readonly kind: 'finding'; readonly where: string; readonly reference: string; readonly form: string }
  | { readonly kind: 'note'; readonly text: string }
  | {
      readonly kind: 'done'
      readonly searched: number
      readonly values: number
      readonly findings: number
      readonly expected: number
    }

export interface NamesAnswer {
  readonly workloads: readonly string[]
  /** Only from root.sock. */
  readonly references?: readonly string[]
}
