import { describe, expect, test } from 'vitest'
import { judgeLife, judgeProbes, type Sight, timeoutOf, wasUnhealthy } from '../../../src/core/verdict.ts'

const at = 1_000_000
const before = { changedAt: at, startedAt: at - 500_000, restartCount: 0 }
const times = { intervalMs: 2_000, timeoutMs: 1_000, startPeriodMs: 0, retries: 3 }
const probe = (start: number, exitCode: number) => ({ start, end: start + 100, exitCode })

function sight(more: Partial<Sight['state']> = {}, restartCount = 0): Sight {
  const state = {
    running: true,
    paused: false,
    restarting: false,
    exitCode: 0,
    oomKilled: false,
    startedAt: before.startedAt,
  }
  return { state: { ...state, ...more }, restartCount, healthcheck: times }
}
const probed = (...log: ReturnType<typeof probe>[]) => sight({ health: { status: 'healthy', log } })

describe('life', () => {
  test('goes on', () => expect(judgeLife(sight(), before, undefined)).toBeUndefined())

  test.each([
    ['an end that somebody asked for', sight({ running: false }), { asked: true, exitCode: 143 }, 'ended'],
    ['an end by itself', sight({ running: false }), { asked: false, exitCode: 1 }, 'failed'],
    ['an end by itself with status 0', sight({ running: false }), { asked: false, exitCode: 0 }, 'failed'],
    ['an end that no event told, of an error', sight({ running: false, exitCode: 1 }), undefined, 'failed'],
    ['an end that no event told, by a signal', sight({ running: false, exitCode: 137 }), undefined, 'ended'],
    ['out of memory', sight({ running: false, exitCode: 137, oomKilled: true }), undefined, 'failed'],
    ['a restart by its policy', sight({ startedAt: at + 5 }, 1), undefined, 'failed'],
    ['restarting', sight({ restarting: true }), undefined, 'failed'],
    ['a start by hand', sight({ startedAt: at + 5 }), undefined, 'ended'],
  ] as const)('%s', (_what, seen, end, kind) => {
    expect(judgeLife(seen, before, end)?.kind).toBe(kind)
  })
})

describe('health checks', () => {
  test('a probe that began before the change proves nothing', () => {
    expect(judgeProbes(probed(probe(at - 50, 0)), at, at + 100)).toEqual({ kind: 'wait', ms: 1_950 })
  })
  test('the first one after it decides', () => {
    expect(judgeProbes(probed(probe(at - 50, 1), probe(at + 9, 0)), at, at + 10).kind).toBe('well')
    expect(judgeProbes(probed(probe(at + 9, 1), probe(at + 19, 0)), at, at + 20)).toEqual({
      kind: 'failed',
      reason: 'its health check failed with exit status 1 after the change',
    })
  })
  test('a new container may fail in its start period', () => {
    const fresh = sight({ startedAt: at - 10, health: { status: 'starting', log: [probe(at + 9, 1)] } })
    const seen = { ...fresh, healthcheck: { ...times, startPeriodMs: 1_000 } }
    expect(judgeProbes(seen, at, at + 200).kind).toBe('wait')
  })
})

describe('unhealthy before the change', () => {
  const unhealthy = (...log: ReturnType<typeof probe>[]) => sight({ health: { status: 'unhealthy', log } })
  test('is what Docker said when no probe has begun since', () => {
    expect(wasUnhealthy(unhealthy(probe(at - 9, 1)), at)).toBe(true)
    expect(wasUnhealthy(probed(probe(at - 9, 0)), at)).toBe(false)
  })
  test('is told by the probes before it once there are later ones', () => {
    expect(wasUnhealthy(unhealthy(probe(at - 9, 0), probe(at + 1, 1)), at)).toBe(false)
    expect(wasUnhealthy(unhealthy(probe(at - 9, 1), probe(at - 6, 1), probe(at - 3, 1), probe(at + 1, 1)), at)).toBe(
      true,
    )
  })
  test('is never blamed on a container without a check', () => expect(wasUnhealthy(sight(), at)).toBe(false))
})

test('a label wins over the health check, which wins over the standard when it needs longer', () => {
  expect(timeoutOf(5, 60_000, times)).toBe(5)
  expect(timeoutOf(undefined, 60_000, times)).toBe(60_000)
  expect(timeoutOf(undefined, 60_000, { ...times, intervalMs: 0, timeoutMs: 0, startPeriodMs: 7 })).toBe(120_007)
})
