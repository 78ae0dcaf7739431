import fc from 'fast-check'
import { expect, test } from 'vitest'
import { demux } from '../../../src/docker/demux.ts'

const frame = (stream: number, bytes: Uint8Array): Buffer => {
  const header = Buffer.alloc(8)
  header[0] = stream
  header.writeUInt32BE(bytes.length, 4)
  return Buffer.concat([header, bytes])
}

async function* cut(whole: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < whole.length; at += size) yield whole.subarray(at, at + size)
}

test('each stream comes whole, however it is cut', async () => {
  const frames = fc.array(fc.tuple(fc.constantFrom(1, 2), fc.uint8Array({ maxLength: 30 })))
  await fc.assert(
    fc.asyncProperty(frames, fc.integer({ min: 1, max: 40 }), async (sent, size) => {
      const got: Record<string, number[]> = { stdout: [], stderr: [] }
      const whole = Buffer.concat(sent.map(([stream, bytes]) => frame(stream, bytes)))
      for await (const { stream, bytes } of demux(cut(whole, size))) got[stream]?.push(...bytes)
      const wanted = (stream: number) => sent.filter(([one]) => one === stream).flatMap(([, bytes]) => [...bytes])
      expect(got).toEqual({ stdout: wanted(1), stderr: wanted(2) })
    }),
  )
})

test('a stream without headers is refused', async () => {
  const read = async () => {
    for await (const _ of demux(cut(Buffer.from('plain text of a terminal'), 100)));
  }
  await expect(read()).rejects.toMatchObject({ kind: 'malformed' })
})
