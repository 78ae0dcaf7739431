import type { Reference } from './model.ts'

/** dso.yaml after defaults, as far as this version acts on it (docs/configuration.md). */
export interface Settings {
  readonly tenancy: 'single'
  readonly local: {
    readonly path: string
    /** `auto`: systemd credential dso.local.key, else /etc/dso/local.key. `file:PATH` is that path. */
    readonly key: 'auto' | 'credential' | 'passphrase' | `file:${string}`
    readonly keepVersions: number
  }
  readonly delivery: { readonly sizeBytes: number; readonly maxValueBytes: number; readonly defaultMode: number }
  readonly rotation: {
    readonly default: 'auto' | 'live' | 'none'
    readonly timeoutMs: number
    readonly settleMs: number
    readonly gatherMs: number
  }
  readonly log: { readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error'; readonly format: 'text' | 'json' }
}

/** Names of the sources that exist; a reference to any other is SOURCE_UNKNOWN. */
export const sourceExists = (reference: Reference): boolean => reference.source === 'local'
