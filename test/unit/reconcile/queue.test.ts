import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import type { World } from '../../../src/core/model.ts'
import { createQueue, type QueueNeeds } from '../../../src/reconcile/queue.ts'

const lives: AbortController[] = []
afterEach(() => {
  for (const life of lives.splice(0)) life.abort()
})

/** A queue over a host that counts its looks; `run` says what one reconcile does. */
function begin(run: (workload: string, look: number) => Promise<string>, more: Partial<QueueNeeds<string>> = {}) {
  const seen = { looks: 0, runs: [] as string[] }
  const queue = createQueue<string>({
    observe: async () => {
      seen.looks += 1
      await sleep(2)
      return { containers: [], mounts: [], look: seen.looks } as World
    },
    refresh: (world) => world,
    select: (wake) => wake.workloads ?? [],
    reconcile: async (workload, world) => {
      seen.runs.push(workload)
      return await run(workload, (world as World & { look: number }).look)
    },
    ran: () => undefined,
    looked: () => {},
    blind: () => {},
    ...more,
  })
  const life = new AbortController()
  lives.push(life)
  queue.start(life.signal)
  return { queue, seen }
}

describe('the queue', () => {
  test('500 workloads woken together share one look', async () => {
    const { queue, seen } = begin(async () => 'done')
    await queue.ask({ workloads: [] })
    const before = seen.looks
    const workloads = Array.from({ length: 500 }, (_, place) => `w${place}`)
    for (const workload of workloads) queue.wake({ workloads: [workload] })
    const runs = await queue.ask({ workloads })
    expect(runs.size).toBe(500)
    expect(seen.runs).toHaveLength(500)
    expect(seen.looks).toBe(before + 1)
  })

  test('one workload runs once at a time, and a wake meanwhile is answered by a later look', async () => {
    let running = 0
    let most = 0
    const looks: number[] = []
    const { queue } = begin(async (_workload, look) => {
      running += 1
      most = Math.max(most, running)
      looks.push(look)
      await sleep(20)
      running -= 1
      return 'done'
    })
    const first = queue.ask({ workloads: ['w'] })
    await sleep(10)
    await Promise.all([first, queue.ask({ workloads: ['w'] }), queue.ask({ workloads: ['w'] })])
    expect(most).toBe(1)
    expect(looks).toHaveLength(2)
    expect(looks[1]).toBeGreaterThan(looks[0] ?? 0)
  })

  test('a change of values alone does not wait for a look', async () => {
    const { queue, seen } = begin(async () => 'done')
    await queue.ask({ workloads: [] })
    const before = seen.looks
    await queue.ask({ workloads: ['w'], quick: true })
    expect(seen.looks).toBe(before)
    await Promise.all([queue.ask({ workloads: ['w'], quick: true }), queue.ask({ workloads: ['w'] })])
    expect(seen.looks).toBe(before + 1)
  })

  test('a slow one holds up no other', async () => {
    const { queue } = begin(async (workload) => (workload === 'slow' ? await sleep(500, 'slow') : 'quick'))
    queue.wake({ workloads: ['slow'] })
    const began = performance.now()
    await queue.ask({ workloads: ['quick'] })
    expect(performance.now() - began).toBeLessThan(300)
  })

  test('what fails is told, and tried again when it said so', async () => {
    let tries = 0
    const { queue } = begin(
      async () => {
        tries += 1
        if (tries === 1) throw new Error('not yet')
        return 'done'
      },
      { ran: (_workload, run) => ('error' in run ? 5 : undefined) },
    )
    const runs = await queue.ask({ workloads: ['w'] })
    expect(runs.get('w')).toMatchObject({ error: { message: 'not yet' } })
    await sleep(100)
    expect(tries).toBe(2)
  })

  test('a host that cannot be looked at keeps its wakes', async () => {
    let down = true
    const { queue, seen } = begin(async () => 'done', {
      observe: async () => {
        if (down) throw new Error('down')
        return { containers: [], mounts: [] }
      },
      select: () => ['w'],
    })
    await expect(queue.ask({ workloads: ['w'] })).rejects.toThrow('down')
    down = false
    await sleep(1_300)
    expect(seen.runs).toEqual(['w'])
  })
})
