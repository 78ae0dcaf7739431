import { expect, onTestFinished, test } from 'vitest'
import type { Container } from '../../../src/core/model.ts'
import { createCandidates } from '../../../src/reconcile/candidates.ts'

const never = <T>(signal: AbortSignal) =>
  new Promise<T>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
const row = (id: string) => ({ id }) as Container
const settled = () => new Promise((resolve) => setTimeout(resolve, 10))

function stage(
  engine: { ping: (s: AbortSignal) => Promise<void>; containers?: (s: AbortSignal) => Promise<Container[]> },
  recorded?: Container[],
) {
  const end = new AbortController()
  onTestFinished(() => end.abort())
  const { containers = async () => [row('listed')] } = engine
  return createCandidates(
    {
      engine: { ping: engine.ping, containers: (_, s) => containers(s) },
      records: { containers: async () => recorded },
    },
    end.signal,
  )
}

const signal = () => AbortSignal.timeout(5000)

test('dockerd that answers is asked', async () => {
  const candidates = stage({ ping: async () => {} })
  await settled()
  expect(await candidates.of('v', signal())).toEqual({ containers: [row('listed')], booting: false })
})

test('dockerd that hangs is never asked: its records say the same', async () => {
  let asked = 0
  const containers = async () => {
    asked += 1
    return []
  }
  const candidates = stage({ ping: never, containers }, [row('recorded')])
  await settled()
  expect(await candidates.of('v', signal())).toEqual({ containers: [row('recorded')], booting: true })
  expect(asked).toBe(0)
})

test('a new activation silences dockerd until it has answered again', async () => {
  let boots = false
  const candidates = stage({ ping: (s) => (boots ? never(s) : Promise.resolve()) }, [row('recorded')])
  await settled()
  expect(candidates.answering()).toBe(true)
  boots = true
  candidates.activated()
  await settled()
  expect((await candidates.of('v', signal())).booting).toBe(true)
  boots = false
  candidates.activated()
  await settled()
  expect((await candidates.of('v', signal())).booting).toBe(false)
})

test('a list that takes too long gives way to the records', async () => {
  const candidates = stage({ ping: async () => {}, containers: never }, [row('recorded')])
  await settled()
  const before = performance.now()
  expect(await candidates.of('v', signal())).toEqual({ containers: [row('recorded')], booting: false })
  expect(performance.now() - before).toBeLessThan(1000)
})

test('if neither answers it is an error, never "nobody"', async () => {
  const candidates = stage({ ping: never })
  await expect(candidates.of('v', signal())).rejects.toMatchObject({ code: 'VOLUME_UNCLAIMED' })
})
