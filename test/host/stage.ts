import { afterAll, beforeAll, expect } from 'vitest'
import { type Agent, ask, type EngineName, type Lab, openLab } from '../lab/lab.ts'

/** The engine that this run is for. */
export const engine = (process.env['DSO_ENGINE'] ?? 'current') as EngineName

/** A lab with a running agent for all tests of a file; `agent` may be replaced by a test that ends it. */
export interface Stage {
  lab: Lab
  agent: Agent
}

/** Opens the lab before the tests of this file, and closes it after them. */
export function stage(prepare?: (stage: Stage) => Promise<void>): Stage {
  const it = {} as Stage
  beforeAll(async () => {
    it.lab = await openLab({ engine })
    it.agent = await it.lab.startAgent()
    await prepare?.(it)
  })
  afterAll(async () => {
    await it.lab?.close()
  })
  return it
}

/** Arguments of `docker run` or `create` that put a dso volume at /run/secrets, with labels `dso.NAME`. */
export function withSecrets(volume: string, labels: Readonly<Record<string, string>>): string[] {
  const given = Object.entries(labels).flatMap(([name, value]) => ['--label', `dso.${name}=${value}`])
  return [...given, '--mount', `type=volume,src=${volume},dst=/run/secrets,volume-driver=dso`]
}

/** Asks the plugin socket as dockerd does; bodies that are no JSON go as they are. */
export async function plugin(lab: Lab, verb: string, body: object): Promise<{ Err?: string; Mountpoint?: string }> {
  const socket = lab.path('/run/docker/plugins/dso.sock')
  const answer = await ask(socket, `/VolumeDriver.${verb}`, { method: 'POST', body, timeoutMs: 130_000 })
  expect(answer.status).toBe(200)
  return answer.json() as { Err?: string; Mountpoint?: string }
}

/** Paths under the values' root in which a file of this name lies: what is delivered now. */
export async function deliveredFiles(lab: Lab, file: string): Promise<string[]> {
  const { stdout } = await lab.run(['find', '/run/dso/values', '-name', file])
  return stdout.split('\n').filter(Boolean)
}
