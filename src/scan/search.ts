import type { Needle } from './needles.ts'

/** Looks for all needles at once. */
export interface Search {
  /** Bytes that a stream must carry over from one piece to the next so that no needle is cut. */
  readonly overlap: number
  /** Calls `found` for every needle that lies wholly within the first `length` bytes, once for each place. */
  look(bytes: Uint8Array, length: number, found: (needle: Needle) => void): void
}

/** Needles are told apart by this many bytes from their middle: beginnings (`-----BEGIN`, `postgres://`) are alike. */
const window = 8

/**
 * Wu and Manber's search ("A fast algorithm for multi-pattern searching", 1994): a table over blocks of three bytes
 * says how far the window may jump; where it may not, the window's hash leads to the needles that hold it.
 * Every needle has at least eight bytes. The time for a byte hardly depends on the number of needles.
 */
export function createSearch(needles: readonly Needle[]): Search {
  const anchors = Int32Array.from(needles, ({ bytes }) => (bytes.length - window) >> 1)
  const jumps = jumpTable(needles, anchors)
  const chains = chainTable(needles, anchors)
  const mask = jumps.length - 1
  const overlap = needles.reduce((most, { bytes }) => Math.max(most, bytes.length - 1), 0)

  const compare = (bytes: Uint8Array, length: number, at: number, found: (needle: Needle) => void) => {
    let index = chains.first[hashOf(bytes, at) & chains.mask] ?? -1
    for (; index >= 0; index = chains.next[index] ?? -1) {
      const needle = needles[index]
      const start = at - (anchors[index] ?? 0)
      if (needle && start >= 0 && start + needle.bytes.length <= length && equal(bytes, start, needle.bytes))
        found(needle)
    }
  }

  return {
    overlap,
    look: (bytes, length, found) => {
      if (needles.length === 0) return
      let end = window - 1
      while (end < length) {
        const jump = jumps[blockOf(bytes, end, mask)] ?? 0
        if (jump > 0) end += jump
        else {
          compare(bytes, length, end - window + 1, found)
          end += 1
        }
      }
    },
  }
}

const blockOf = (bytes: Uint8Array, end: number, mask: number): number =>
  ((bytes[end - 2] ?? 0) * 0x9e5 + (bytes[end - 1] ?? 0) * 0x51d3 + (bytes[end] ?? 0) * 0x1f) & mask

/** For each block the least way to the end of a window that holds it. Grows with the needles, so that most jumps are long. */
function jumpTable(needles: readonly Needle[], anchors: Int32Array): Uint8Array {
  const table = new Uint8Array(powerOfTwo(Math.min(needles.length * 128, 1 << 24), 1 << 16)).fill(window - 2)
  for (const [index, { bytes }] of needles.entries()) {
    const anchor = anchors[index] ?? 0
    for (let at = 2; at < window; at++) {
      const block = blockOf(bytes, anchor + at, table.length - 1)
      table[block] = Math.min(table[block] ?? 0, window - 1 - at)
    }
  }
  return table
}

/** Needles by the hash of their window: the first of each hash, and for each needle the next of the same hash. */
function chainTable(needles: readonly Needle[], anchors: Int32Array) {
  const first = new Int32Array(powerOfTwo(needles.length * 4, 1 << 10)).fill(-1)
  const next = new Int32Array(needles.length).fill(-1)
  const mask = first.length - 1
  for (const [index, { bytes }] of needles.entries()) {
    const hash = hashOf(bytes, anchors[index] ?? 0) & mask
    next[index] = first[hash] ?? -1
    first[hash] = index
  }
  return { first, next, mask }
}

/** FNV-1a over one window. */
function hashOf(bytes: Uint8Array, at: number): number {
  let hash = 0x811c9dc5
  for (let byte = at; byte < at + window; byte++) hash = Math.imul(hash ^ (bytes[byte] ?? 0), 0x01000193)
  return hash ^ (hash >>> 15)
}

function equal(bytes: Uint8Array, start: number, needle: Uint8Array): boolean {
  for (let at = 0; at < needle.length; at++) if (bytes[start + at] !== needle[at]) return false
  return true
}

function powerOfTwo(atLeast: number, least: number): number {
  let size = least
  while (size < atLeast) size *= 2
  return size
}
