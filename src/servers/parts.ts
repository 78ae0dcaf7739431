import type {
  CheckLine,
  ExplainAnswer,
  NamesAnswer,
  PlanAnswer,
  RolloutRecord,
  ScanLine,
  SecretListing,
  SecretVersion,
  StatusAnswer,
  SyncLine,
  VersionAnswer,
} from '../core/api.ts'
import type { Emit, Event } from '../core/event.ts'
import type { Quarantined, ReadKey, Workload } from '../core/model.ts'
import type { Content } from '../store/content.ts'
import type { Secret } from '../store/secret.ts'
import type { Target } from './target.ts'

/** The vault as the control server uses it. Every method throws Failure. */
export interface ServedVault {
  state(): {
    readonly state: 'ok' | 'locked' | 'refused'
    readonly identity: string
    readonly secrets: number
    readonly message?: string
  }
  unlock(passphrase: Secret | undefined, o: { acceptOlder: boolean }): Promise<void>
  set(path: string, field: string | undefined, value: Secret): Promise<number>
  setFields(path: string, json: Secret): Promise<number>
  rollback(path: string, version?: number): Promise<number>
  delete(path: string, o: { purge: boolean }): Promise<void>
  read(path: string, version?: string): { readonly version: string; readonly content: Content }
  list(prefix: string): readonly SecretListing[]
  history(path: string): readonly SecretVersion[]
}

/** The loop as the control server uses it. */
export interface ServedLoop {
  plan(target?: { workload?: Workload; read?: ReadKey }): Promise<PlanAnswer>
  sync(
    o: { workloads?: Workload[]; reads?: ReadKey[]; retry: boolean; wait: boolean },
    line: (line: SyncLine) => void,
    signal: AbortSignal,
  ): Promise<void>
  pause(workload?: Workload): void
  resume(workload?: Workload): void
  /** `*` stands for all. */
  paused(): readonly string[]
  rollouts(workload?: Workload): readonly RolloutRecord[]
  quarantined(): readonly Quarantined[]
  stateOf(workload: Workload): {
    readonly state: StatusAnswer['workloads'][number]['state']
    readonly message?: string
    readonly changedAt?: string
  }
}

/** Everything the control server asks of the rest of the agent. */
export interface ControlParts {
  readonly version: VersionAnswer
  readonly vault: ServedVault
  readonly loop: ServedLoop
  readonly status: () => Promise<StatusAnswer>
  readonly explain: (target: Target) => Promise<ExplainAnswer>
  /** What names there are, for completion and for targets. Never waits long; never throws. */
  readonly names: () => Promise<Names>
  readonly checks: () => Promise<readonly CheckLine[]>
  readonly scan: (line: (line: ScanLine) => void, signal: AbortSignal) => Promise<void>
  readonly events: { since(from: number | Date): readonly Event[]; follow(heard: (event: Event) => void): () => void }
  readonly emit: Emit
  readonly maxValueBytes: () => number
}

export interface Names extends NamesAnswer {
  readonly references: readonly string[]
  readonly volumes: readonly string[]
  /** Workload of each container by its name. */
  readonly containers: ReadonlyMap<string, Workload>
}
