import type { Code } from './failure.ts'
import type { ReadKey, Workload } from './model.ts'

/** Everything worth telling, without values: told as log line, event stream, later audit, metric and notification. */
export type Fact =
  | { readonly kind: 'agent.started'; readonly version: string }
  | { readonly kind: 'agent.stopping' }
  | { readonly kind: 'config.loaded'; readonly file: string }
  | { readonly kind: 'config.refused'; readonly message: string }
  | { readonly kind: 'docker.connected'; readonly engine: string }
  | { readonly kind: 'docker.lost'; readonly message: string }
  | { readonly kind: 'vault.unlocked' | 'vault.locked'; readonly message: string }
  | { readonly kind: 'secret.changed'; readonly read: ReadKey; readonly version: string; readonly by: string }
  | {
      readonly kind: 'mount.delivered'
      readonly workload: Workload
      readonly volume: string
      readonly files: number
      readonly fingerprint: string
    }
  | {
      readonly kind: 'mount.refused'
      readonly workload: Workload
      readonly volume: string
      readonly code: Code
      readonly message: string
    }
  | { readonly kind: 'mount.released'; readonly workload: Workload; readonly volume: string }
  | { readonly kind: 'mount.foreign'; readonly workload: Workload; readonly volume: string; readonly holder: string }
  | {
      readonly kind: 'rollout.started'
      readonly workload: Workload
      readonly rollout: string
      readonly cause: string
      readonly strategy: string
    }
  | { readonly kind: 'rollout.applied'; readonly workload: Workload; readonly rollout: string; readonly ms: number }
  | { readonly kind: 'rollout.superseded'; readonly workload: Workload; readonly rollout: string }
  | { readonly kind: 'rollout.ended'; readonly workload: Workload; readonly rollout: string; readonly message: string }
  | {
      readonly kind: 'rollout.rolled_back'
      readonly workload: Workload
      readonly rollout: string
      readonly code: Code
      readonly message: string
    }
  | {
      readonly kind: 'quarantine.set'
      readonly workload: Workload
      readonly read: ReadKey
      readonly version: string
      readonly reason: string
    }
  | {
      readonly kind: 'quarantine.released'
      readonly workload: Workload
      readonly read: ReadKey
      readonly version: string
      readonly reason: string
    }
  | {
      readonly kind: 'container.started'
      readonly workload: Workload
      readonly container: string
      readonly reason: string
    }
  | { readonly kind: 'workload.failed'; readonly workload: Workload; readonly code: Code; readonly message: string }
  | { readonly kind: 'workload.paused' | 'workload.resumed'; readonly workload: Workload }
  | { readonly kind: 'problem'; readonly where: string; readonly message: string }

/** A fact with its place in the stream. `seq` grows by one within one agent's life. */
export type Event = Fact & { readonly seq: number; readonly at: string }

export type Emit = (fact: Fact) => void
