import { join } from 'node:path'

/** Where the parts of one mount lie, below the root of all values. */
export interface Slot {
  /** 32 hex digits: nobody can guess the next one. */
  readonly name: string
  readonly directory: string
  /** A file system of its own, in RAM, that no container sees. */
  readonly state: string
  /** The directory of it that is shown. */
  readonly files: string
  /** `files` again, read-only: what a container mounts. */
  readonly exposed: string
  /** Where the read-only bind is made before it is shown; empty otherwise. */
  readonly stage: string
  /** What the mount is, without what was observed. */
  readonly record: string
  /** One manifest for each directory of files that there is, named like it. */
  readonly manifests: string
}

/** A slot that is mounted: `device` is the `major:minor` of its own file system. */
export interface Prepared {
  readonly slot: Slot
  readonly device: string
}

export function slotAt(root: string, name: string): Slot {
  const directory = join(root, name)
  const state = join(directory, 'state')
  return {
    name,
    directory,
    state,
    files: join(state, 'files'),
    exposed: join(directory, 'files'),
    stage: join(directory, 'stage'),
    record: join(state, 'mount.json'),
    manifests: join(state, 'generations'),
  }
}

export const isSlotName = (name: string): boolean => /^[0-9a-f]{32}$/.test(name)

/** RAM of one mount, for its files and the generation before. */
export const slotBytes = 32 * 1024 * 1024
/** RAM of one mount for what it remembers of itself: full files leave it room. */
export const memoryBytes = 1024 * 1024
export const slotInodes = 8192
