import { afterEach, expect, test } from 'vitest'
import { killDockerd } from '../faults/dockerd.ts'
import { tidy } from '../faults/invariants.ts'
import { openScene, type Scene } from '../faults/scene.ts'
import { eventually } from '../lab/lab.ts'
import { engine } from './stage.ts'

let scene: Scene
afterEach(() => scene?.close())

test('dockerd is killed in the middle of a change, alone and with the agent', async () => {
  scene = await openScene({ engine, bytes: () => 2000 })
  for (const agent of [undefined, 'before', 'after'] as const)
    expect((await killDockerd(scene, { agent })).broken).toEqual([])
  expect(await tidy(scene)).toEqual([])
}, 240_000)

test('with live-restore nobody stops reading, whoever is killed, and the change comes in the end', async () => {
  scene = await openScene({ engine, bytes: () => 2000, daemonJson: { 'live-restore': true } })
  const { lab, readers } = scene
  const pid = await lab.docker('inspect', '-f', '{{.State.Pid}}', 'app')
  await lab.killDockerd()
  await readers.reading()
  const { mark } = await scene.change('good')
  await scene.agent().kill9()
  await readers.reading()
  await scene.startAgent()
  await lab.startDockerd()
  await eventually(async () => (await scene.inFiles()) === mark, { what: 'the change', deadlineMs: 20_000 })
  await readers.reading()
  expect(await lab.docker('inspect', '-f', '{{.State.Pid}}', 'app')).toBe(pid)
  expect(readers.wrong()).toEqual([])
  expect(readers.told().filter((told) => told === mark).length).toBeGreaterThan(0)
}, 120_000)
