import { judged, type Result } from './crash.ts'
import { drive } from './drive.ts'
import { converged } from './invariants.ts'
import type { Scene } from './scene.ts'

/** How dockerd is killed. */
export interface KillOptions {
  /** The agent is killed too, and comes back before dockerd, or after it. */
  readonly agent?: 'before' | 'after' | undefined
}

/**
 * SIGKILL to dockerd in the middle of a change, and its start. The readers' container is started again by dockerd (or,
 * when its mount could not be had, by the agent) and reads what the vault holds.
 */
export async function killDockerd(scene: Scene, { agent }: KillOptions = {}): Promise<Result> {
  const { lab, readers } = scene
  const too = agent === undefined ? '' : ` and the agent, which is back ${agent} it`
  return judged(scene, `kill of dockerd${too}`, async (before) => {
    const driven = drive(scene, 'change', before.inVault)
    if (agent) await scene.agent().kill9()
    await lab.killDockerd()
    if (agent === 'before') await scene.startAgent()
    await lab.startDockerd({ wait: agent !== 'after' })
    if (agent === 'after') await scene.startAgent()
    await lab.dockerd.ready(60_000)
    await readers.reading()
    return [...(await driven.outcome()), ...(await converged(scene, before))]
  })
}
