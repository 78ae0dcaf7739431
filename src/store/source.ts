import type { Content } from './content.ts'

/** What the store asks of a source. Throws Failure: SECRET_NOT_FOUND, SOURCE_DENIED, SOURCE_UNREACHABLE, SOURCE_MALFORMED, LOCAL_LOCKED. Never empty for failure. */
export interface Source {
  /** One read of one secret: the current version, or the one pinned. `path` is decoded. */
  read(path: string, pinned: string | undefined, signal: AbortSignal): Promise<Reading>
  /** Names (one segment each) of the secrets directly below a path; sorted. */
  children(path: string, signal: AbortSignal): Promise<readonly string[]>
  /** Calls back with the path of each secret that changed (or undefined: anything may have), from now on. */
  onChange(changed: (path: string | undefined) => void): void
}

export interface Reading {
  /** The source's own version id; `version=` in a reference takes it. */
  readonly version: string
  readonly content: Content
}
