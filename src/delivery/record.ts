import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Generation, ObservedMount } from '../core/model.ts'
import type { Slot } from './layout.ts'

/** What a mount remembers of itself in its own RAM, value-free, for the next agent. Generations are in manifests of their own. */
export type MountRecord = Omit<ObservedMount, 'slot' | 'holders' | 'generation'>

/** What one directory of files holds. */
export interface Manifest {
  readonly generation: Generation
  /** RAM that its files take. */
  readonly bytes: number
}

export const writeRecord = (slot: Slot, record: MountRecord): void => replace(slot.record, record)

/** Undefined when there is none, as in a slot that was never given away. */
export function readRecord(slot: Slot): MountRecord | undefined {
  const record = read(slot.record) as MountRecord | undefined
  return typeof record?.mountId === 'string' && Array.isArray(record.authorised) ? record : undefined
}

/** Written before `..data` points to the directory: which of the manifests is true is decided by that link alone. */
export const writeManifest = (slot: Slot, name: string, manifest: Manifest): void =>
  replace(manifestOf(slot, name), manifest)

export function readManifest(slot: Slot, name: string): Manifest | undefined {
  const manifest = read(manifestOf(slot, name)) as Manifest | undefined
  return typeof manifest?.generation?.fingerprint === 'string' ? manifest : undefined
}

export const removeManifest = (slot: Slot, name: string): void => rmSync(manifestOf(slot, name), { force: true })

/** Names of directories that have a manifest. */
export const manifestNames = (slot: Slot): string[] =>
  readdirSync(slot.manifests)
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.slice(0, -'.json'.length))

const manifestOf = (slot: Slot, name: string): string => join(slot.manifests, `${name}.json`)

/** RAM needs no sync: what survives a crash of the agent is what was written. */
function replace(path: string, content: object): void {
  writeFileSync(`${path}.new`, JSON.stringify(content), { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

function read(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}
