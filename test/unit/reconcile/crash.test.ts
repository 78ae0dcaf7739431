import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Rotation } from '../../../src/core/model.ts'
import { isOpen } from '../../../src/core/plan.ts'
import { createHost, createLife, type Host, versionOf } from './model.ts'

const live: Rotation = { strategy: { kind: 'live' } }
const hup: Rotation = { strategy: { kind: 'signal', signal: 'SIGHUP' } }

/** Passes until nothing is left to do; more than a few means that it would never end. */
async function settle(host: Host, rotation: Rotation, effects?: number): Promise<number> {
  const life = createLife(host, rotation, effects)
  for (let passes = 1; passes <= 6; passes += 1) {
    const { rollout, stale } = await life.pass()
    await rollout?.done
    for (const error of life.settled.splice(0)) if (error) throw error
    if (!rollout && !stale) return passes
  }
  throw new Error('it does not come to rest')
}

/** Lives that are killed after so many effects, the source changing before each; then one that is not. */
async function survive(host: Host, rotation: Rotation, lives: readonly { effects: number; version: string }[]) {
  for (const { effects, version } of lives) {
    host.version = version
    await settle(host, rotation, effects).catch(() => undefined)
  }
  await settle(host, rotation)
}

function expectGood(host: Host): void {
  const versions = new Set([...host.mounts.values()].map((mount) => versionOf(mount.generation)))
  expect([...host.mounts.values()].some(isOpen)).toBe(false)
  expect(versions.size).toBe(1)
  const [version] = versions
  if (host.bad.has(host.version)) expect(host.bad.has(version!)).toBe(false)
  else expect(version).toBe(host.version)
}

describe('killed after any effect, the next life', () => {
  const lives = fc.array(
    fc.record({ effects: fc.integer({ min: 0, max: 14 }), version: fc.constantFrom('1', '2', '3', '4') }),
    { minLength: 1, maxLength: 4 },
  )
  test.each([
    ['live', live],
    ['signal', hup],
  ])('brings all replicas to what is good, and comes to rest (%s)', async (_name, rotation) => {
    await fc.assert(
      fc.asyncProperty(lives, fc.subarray(['2', '3', '4']), async (killed, bad) => {
        const host = createHost(['a', 'b', 'c'], '1')
        for (const version of bad) host.bad.add(version)
        await survive(host, rotation, killed)
        expectGood(host)
        const rested = host.facts.length
        expect(await settle(host, rotation)).toBe(1)
        expect(host.facts.slice(rested)).toEqual([])
      }),
      { numRuns: 1000 },
    )
  })

  test('leaves no journal open and tells every process of what it has', async () => {
    for (let effects = 0; effects < 20; effects += 1) {
      const host = createHost(['a', 'b'], '1')
      host.bad.add('2')
      await survive(host, hup, [{ effects, version: '2' }])
      expectGood(host)
      const open = [...host.disk].filter(
        ([name, text]) => name.startsWith('journal/') && text.includes('"outcome":"open"'),
      )
      expect(open).toEqual([])
      // Whoever was told of the bad version was told of the good one afterwards.
      for (const container of ['c-a', 'c-b']) {
        expect(host.told.findLast((line) => line.startsWith(container)) ?? `${container} 1`).toBe(`${container} 1`)
      }
    }
  })
})
