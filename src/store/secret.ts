import { inspect } from 'node:util'

/**
 * A value that cannot be printed, logged, serialised or compared by accident. It owns an unpooled ArrayBuffer; the bytes
 * are lent only for the length of one call, so that a reader of the code finds every use by the name `reveal`.
 */
export class Secret {
  readonly #bytes: Uint8Array<ArrayBuffer>

  /** Copies `bytes` into memory of its own. The caller may wipe what it gave. */
  constructor(bytes: Uint8Array) {
    this.#bytes = new Uint8Array(bytes.byteLength)
    this.#bytes.set(bytes)
  }

  get length(): number {
    return this.#bytes.byteLength
  }

  /** Lends the bytes to `use`. They must not outlive the call unless the result is itself a place for values. */
  reveal<T>(use: (bytes: Uint8Array<ArrayBuffer>) => T): T {
    return use(this.#bytes)
  }

  /** Overwrites the bytes with zeros. The secret reads as zeros afterwards. */
  wipe(): void {
    this.#bytes.fill(0)
  }

  toString(): string {
    return '[secret]'
  }

  toJSON(): string {
    return '[secret]'
  }

  [inspect.custom](): string {
    return '[secret]'
  }

  [Symbol.toPrimitive](): never {
    throw new TypeError('a secret is not a primitive')
  }
}

/** One file of a mount, ready to be written. */
export interface RenderedFile {
  /** Its name in the directory. */
  readonly file: string
  /** Permission bits, 0 to 0o7777. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly bytes: Secret
}
