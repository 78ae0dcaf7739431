import { EngineError } from './engine-error.ts'

export interface Frame {
  readonly stream: 'stdout' | 'stderr'
  readonly bytes: Uint8Array
}

const headerBytes = 8

/**
 * Takes Docker's multiplexed stream apart (logs, attach and exec of a container without a terminal). Each frame has a
 * header: stream (0 to 2), three zeros, length as 32 bits big-endian. A frame longer than one chunk comes in pieces, so
 * that nothing is ever gathered. Throws EngineError `malformed` when it is no such stream.
 */
export async function* demux(source: AsyncIterable<Uint8Array>): AsyncGenerator<Frame> {
  const header = new Uint8Array(headerBytes)
  let filled = 0
  let left = 0
  for await (const chunk of source) {
    let at = 0
    while (at < chunk.length) {
      if (left === 0) {
        const part = chunk.subarray(at, at + headerBytes - filled)
        header.set(part, filled)
        filled += part.length
        at += part.length
        if (filled < headerBytes) break
        filled = 0
        left = lengthIn(header)
        continue
      }
      const bytes = chunk.subarray(at, at + left)
      at += bytes.length
      left -= bytes.length
      yield { stream: header[0] === 2 ? 'stderr' : 'stdout', bytes }
    }
  }
}

function lengthIn(header: Uint8Array): number {
  if (header[0]! > 2 || header[1] !== 0 || header[2] !== 0 || header[3] !== 0) {
    throw new EngineError('malformed', "a stream of Docker's is not multiplexed")
  }
  return new DataView(header.buffer).getUint32(4)
}
