import { Failure } from '../core/failure.ts'
import type { RenderedFile } from '../store/secret.ts'
import { slotBytes } from './layout.ts'

/** The RAM that files take: tmpfs and ramfs give whole pages. */
export const ramOf = (files: readonly Pick<RenderedFile, 'bytes'>[]): number =>
  files.reduce((sum, { bytes }) => sum + Math.ceil(bytes.length / page) * page, 0)

const page = 4096

/** Counts the RAM of all mounts. What was replaced counts until it is removed, but only what is current counts against the limit. */
export interface Ledger {
  /** Throws Failure RAM_FULL when a mount may not have these many bytes next. */
  check(slot: string | undefined, bytes: number): void
  /** What a slot holds from now on, and in what was replaced. */
  set(slot: string, current: number, replaced: number): void
  drop(slot: string): void
  /** Bytes in use. */
  total(): number
}

export function createLedger(limit: () => number): Ledger {
  const entries = new Map<string, { readonly current: number; readonly replaced: number }>()
  let current = 0
  let replaced = 0

  const drop = (slot: string) => {
    const entry = entries.get(slot)
    if (!entry) return
    current -= entry.current
    replaced -= entry.replaced
    entries.delete(slot)
  }
  return {
    drop,
    check: (slot, bytes) => {
      const mine = slot === undefined ? undefined : entries.get(slot)
      if (bytes + (mine?.current ?? 0) + (mine?.replaced ?? 0) > slotBytes) throw mountFull()
      if (current - (mine?.current ?? 0) + bytes > limit()) throw hostFull(limit())
    },
    set: (slot, now, before) => {
      drop(slot)
      entries.set(slot, { current: now, replaced: before })
      current += now
      replaced += before
    },
    total: () => current + replaced,
  }
}

const mebibytes = (bytes: number): string => `${Math.round(bytes / 1024 / 1024)} MiB`

const hostFull = (limit: number) =>
  new Failure(
    'RAM_FULL',
    `the RAM for values is full (${mebibytes(limit)})`,
    'raise delivery.size in /etc/dso/dso.yaml, or deliver less',
  )

/** What one mount's own file system answers, before and after it is asked. */
export const mountFull = () =>
  new Failure(
    'RAM_FULL',
    `these files do not fit into the RAM of one mount (${mebibytes(slotBytes)}, for the old and the new set)`,
    'deliver less to one volume',
  )
