import type { Generation, ObservedMount, Workload } from '../core/model.ts'
import type { RamState } from '../host/ram.ts'
import type { RenderedFile } from '../store/secret.ts'

/** One Mount that was decided, with the files to answer it. */
export interface Birth {
  readonly mountId: string
  readonly volume: string
  readonly workload: Workload
  /** Ids of the containers that the decision counted. */
  readonly authorised: readonly string[]
  readonly generation: Generation
  readonly files: readonly RenderedFile[]
}

/** `directory` is what its Mount was answered with. */
export type DeliveredMount = ObservedMount & { readonly directory: string }

/** The volumes' files in RAM, one directory for each mount. Everything but `deliver` and `renew` is value-free. */
export interface Delivery {
  /**
   * Verifies the root, adopts what is mounted there already, and prepares spares. Throws Failure NOT_RAM when values
   * cannot be kept in RAM here; `deliver` and `marker` then try again and throw the same.
   */
  open(): Promise<void>
  /** How values are kept, and the RAM that all mounts use. */
  ram(): { readonly kind: RamState; readonly bytes: number }
  /**
   * The directory to answer to a Mount. A mount id that was answered before keeps its directory; what is in it is
   * replaced unless somebody holds it. What is delivered counts as proved. Does not count the use: see `used`. Throws
   * Failure RAM_FULL, NOT_RAM, or VOLUME_AMBIGUOUS for an id that another volume has.
   */
  deliver(birth: Birth): Promise<string>
  /** A read-only directory without values, not empty, for the Mount of `docker create`. */
  marker(): Promise<string>
  /** The mount of this id, its holders as of the last look. */
  find(mountId: string): DeliveredMount | undefined
  /** Counts an answered Mount (1) or an Unmount (-1). Unknown ids are ignored: dockerd repeats itself. */
  used(mountId: string, by: 1 | -1): void
  /** All mounts from memory, their holders as of the last look. */
  all(): readonly DeliveredMount[]
  /** All mounts with their holders, read now. */
  look(): Promise<readonly DeliveredMount[]>
  /** Replaces all files of a mount in one rename. A slot that is gone is left alone: who held it has ended. Throws Failure RAM_FULL, NOT_RAM. */
  renew(slot: string, generation: Generation, files: readonly RenderedFile[]): Promise<void>
  /** What is in the files now is the way back from here on. */
  prove(slot: string): Promise<void>
  /** Takes all values out of a mount, the way back too. */
  empty(slot: string): Promise<void>
  /** Releases what nobody holds (docs/requirements.md 6). */
  sweep(): Promise<void>
}
