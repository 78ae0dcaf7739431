import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { crashAt } from '../faults/crash.ts'
import { tidy } from '../faults/invariants.ts'
import { crashPoints } from '../faults/points.ts'
import { openScene, type Scene } from '../faults/scene.ts'
import { engine } from './stage.ts'

/**
 * The agent is killed at every place that the sources name, twice each, by everything that leads there, under fifty
 * readers: they only ever see one whole set, and afterwards all is as if nothing had happened.
 */
let scene: Scene
beforeAll(async () => {
  scene = await openScene({ engine, bytes: () => 2000 })
})
afterAll(() => scene?.close())

/** Every point with two runs: by two scenarios, or the same one twice. */
const runs = crashPoints().flatMap(({ name, scenarios: [first, second = first] }) => [
  [name, first] as const,
  [name, second] as const,
])

describe('kill -9 of the agent at', () => {
  test.each(runs)('%s (%s)', async (point, scenario) => {
    expect((await crashAt(scene, point, scenario)).broken).toEqual([])
  })
})

test('the readers saw one whole set all the time, and nothing is left over', async () => {
  expect(scene.readers.wrong()).toEqual([])
  expect(scene.readers.reads()).toBeGreaterThan(1000)
  expect((await scene.runOnce()).code).toBe(0)
  expect(await tidy(scene)).toEqual([])
})
