import type { Agent } from '../lab/lab.ts'
import { eventually } from '../lab/lab.ts'
import { drive } from './drive.ts'
import { converged, type Mark, markNow, onceOnly } from './invariants.ts'
import type { Scenario } from './points.ts'
import type { Scene } from './scene.ts'

/** What a fault came to; `broken` says what did not hold. */
export interface Result {
  readonly fault: string
  readonly ms: number
  readonly broken: readonly string[]
}

/**
 * Starts an agent that ends itself at `point`, leads it there, starts a fresh one and looks whether everything is as if
 * nothing had happened. `again` runs between the two and kills another. What does not hold is in the result; nothing is
 * thrown.
 */
export async function crashAt(
  scene: Scene,
  point: string,
  scenario: Scenario,
  again?: () => Promise<void>,
): Promise<Result> {
  return judged(scene, `${point} (${scenario})${again ? ', and again' : ''}`, async (before) => {
    await scene.agent().kill9()
    const doomed = await scene.startAgent({ DSO_CRASH_AT: `${point}${pass(scenario)}` }, scenario !== 'opening')
    const driven = drive(scene, scenario, before.inVault)
    await died(doomed, point)
    await again?.()
    await scene.startAgent()
    return [
      ...(await driven.outcome()),
      ...(await converged(scene, before)),
      ...(await onceOnly(scene, before, again ? 2 : 1)),
    ]
  })
}

/** A purge settles the vault as its opening did. */
const pass = (scenario: Scenario): string => (scenario === 'purge' ? '#2' : '')

/** Carries a fault out and collects what did not hold: what it says itself, what it throws, what the readers saw. */
export async function judged(
  scene: Scene,
  fault: string,
  act: (before: Mark) => Promise<readonly string[]>,
): Promise<Result> {
  const began = performance.now()
  const wrong = scene.readers.wrong().length
  const broken = await markNow(scene)
    .then(act)
    .catch((error: Error) => [error.message])
  if (!scene.agent().running) await scene.startAgent()
  const seen = scene.readers.wrong().slice(wrong)
  const all = [...broken, ...seen].map((what) => `${fault}: ${what}`)
  return { fault, ms: Math.round(performance.now() - began), broken: all }
}

/** Waits for the end of an agent that was led to its crash point. */
async function died(agent: Agent, point: string): Promise<void> {
  await eventually(() => !agent.running, { what: `the agent passing ${point}`, deadlineMs: 20_000 }).catch(
    async (error: Error) => {
      await agent.kill9()
      throw new Error(`${error.message}\n${agent.log().slice(-2000)}`, { cause: error })
    },
  )
  const { signal, code } = await agent.exited
  if (signal !== 'SIGKILL')
    throw new Error(`the agent ended by itself (${signal ?? code}): ${agent.log().slice(-2000)}`)
}
