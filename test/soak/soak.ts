/**
 * Kills the agent and dockerd again and again under fifty readers, on one engine, and looks after each time whether all
 * is as if nothing had happened. Usage: soak.ts --engine current|debian [--runs 1000] [--seed 1]. The same seed makes
 * the same faults in the same order. Exit 1 on any violation.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { crashAt, judged, type Result } from '../faults/crash.ts'
import { killDockerd } from '../faults/dockerd.ts'
import { drive } from '../faults/drive.ts'
import { converged, onceOnly, tidy } from '../faults/invariants.ts'
import { crashPoints } from '../faults/points.ts'
import { openScene, type Scene } from '../faults/scene.ts'
import { type EngineName, engineVersion } from '../lab/lab.ts'
import { createRandom, type Fault, one, planFaults } from './choice.ts'

const { values: options } = parseArgs({
  options: {
    engine: { type: 'string', default: 'current' },
    runs: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
  },
})
const engine = options.engine as EngineName
const runs = Number(options.runs)
const seed = Number(options.seed)
if (!['current', 'debian'].includes(engine) || !(runs > 0) || !Number.isInteger(seed)) {
  console.error('usage: scripts/soak [--engine current|debian] [--runs N] [--seed S]')
  process.exit(2)
}

/** Nothing can be learned from runs after so many in a row that did not hold. */
const mostInARow = 5
const sizes = [50, 2000, 20_000, 100_000, 200_000] as const

const random = createRandom(seed)
const began = performance.now()
const counts = new Map<string, number>()
const violations: string[] = []
const say = (text: string) => console.log(`[${engine}] ${text}`)

say(`${engineVersion(engine)}, ${runs} runs, seed ${seed}`)
const faults = planFaults(runs, crashPoints(), random)
const scene = await openScene({ engine, bytes: () => one(random, sizes) })
try {
  await soak(scene)
} finally {
  await scene.close()
}
process.exitCode = violations.length === 0 ? 0 : 1

async function soak(scene: Scene): Promise<void> {
  let inARow = 0
  let done = 0
  for (const fault of faults) {
    const { broken } = await carryOut(scene, fault)
    const left = done % 50 === 49 ? await tidy(scene) : []
    note(nameOf(fault), [...broken, ...left])
    done += 1
    inARow = broken.length > 0 ? inARow + 1 : 0
    if (inARow === mostInARow) break
    if (done % 10 === 0) progress(done)
  }
  note('at the end', await tidy(scene))
  if (scene.readers.reads() === 0) note('at the end', ['nobody read'])
  summary(done)
}

function carryOut(scene: Scene, fault: Fault): Promise<Result> {
  if (fault.kind === 'dockerd') return killDockerd(scene, fault)
  if (fault.kind === 'moment') return killAfter(scene, fault.afterMs)
  const { point, scenario, again } = fault
  return crashAt(scene, point, scenario, again === undefined ? undefined : () => crashAgain(scene, again))
}

/** The agent dies at no named place. */
function killAfter(scene: Scene, afterMs: number): Promise<Result> {
  return judged(scene, `kill of the agent ${afterMs} ms after a change`, async (before) => {
    const driven = drive(scene, 'change', before.inVault)
    await sleep(afterMs)
    await scene.agent().kill9()
    await scene.startAgent()
    return [...(await driven.outcome()), ...(await converged(scene, before)), ...(await onceOnly(scene, before))]
  })
}

/** An agent that is to mend what the one before left dies at this. */
async function crashAgain(scene: Scene, point: string): Promise<void> {
  const agent = await scene.startAgent({ DSO_CRASH_AT: point }, false)
  await Promise.race([agent.exited, sleep(1500)])
  await agent.kill9()
}

function nameOf(fault: Fault): string {
  if (fault.kind === 'point') return fault.again === undefined ? fault.point : `${fault.point} and again`
  return fault.kind === 'moment' ? 'any moment' : 'dockerd'
}

function note(name: string, broken: readonly string[]): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
  violations.push(...broken)
  for (const what of broken) say(`VIOLATION ${what}`)
}

function progress(done: number): void {
  const seconds = Math.round((performance.now() - began) / 1000)
  say(`${done}/${runs} runs, ${violations.length} violations, ${scene.readers.reads()} reads, ${seconds} s`)
}

function summary(done: number): void {
  progress(done)
  for (const [name, count] of [...counts].sort(([a], [b]) => a.localeCompare(b)))
    say(`${String(count).padStart(5)} ${name}`)
  say(violations.length === 0 ? 'held: every reader saw one whole set, always' : `${violations.length} VIOLATIONS`)
}
