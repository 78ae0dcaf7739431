import { existsSync } from 'node:fs'
import { eventually } from '../lab/lab.ts'
import type { Scenario } from './points.ts'
import type { Scene } from './scene.ts'
import { slots } from './slots.ts'

/** Something that was begun and whose outcome is asked for after the agent has come back: what is wrong with it. */
export interface Driven {
  outcome(): Promise<readonly string[]>
}

/** Leads the running agent through a scenario; returns at once. `old` is what the vault holds before it. */
export function drive(scene: Scene, scenario: Scenario, old: string): Driven {
  const begun = ways[scenario](scene, old)
  // Whoever asks for the outcome gets the error.
  begun.catch(() => {})
  return { outcome: async () => (await begun)() }
}

type Judge = () => Promise<readonly string[]>

const ways: Readonly<Record<Scenario, (scene: Scene, old: string) => Promise<Judge>>> = {
  start: startOnce,
  end: startAndEnd,
  change: (scene, old) => change(scene, old, 'good'),
  'bad change': (scene, old) => change(scene, old, 'bad'),
  purge,
  // The agent is on its way there by itself.
  opening: async () => async () => [],
}

/**
 * dockerd repeats a call that broke off, but with an empty body, so this start fails with a sentence, unless it had been
 * answered; the next one works.
 */
async function startOnce(scene: Scene): Promise<Judge> {
  const first = await scene.runOnce()
  return async () => {
    const wanted = await scene.inVault()
    const judge = ({ code, stderr, marks }: typeof first) => {
      if (code !== 0) return [`docker run failed (${code}): ${stderr.trim()}`]
      return marks.length === 8 && marks.every((mark) => mark === wanted) ? [] : [`it read ${marks} and not ${wanted}`]
    }
    const refused = first.code === 125 && /dso: the agent ended .* \[AGENT_DOWN\]/.test(first.stderr)
    return [...(refused ? [] : judge(first)), ...judge(await scene.runOnce())]
  }
}

/** What nobody holds any more is gone after a while, whoever was to remove it. */
async function startAndEnd(scene: Scene): Promise<Judge> {
  await scene.startAndEnd()
  return async () => {
    const left = async () => (await slots(scene.lab)).filter(({ record }) => record?.volume === 'ends')
    const gone = async () => (await left()).length === 0
    await eventually(gone, { deadlineMs: 15_000 }).catch(() => {})
    return (await left()).map(({ name }) => `slot ${name} is left of a container that ended`)
  }
}

/** What the agent said was kept is in the vault; else the old or the new value is. */
async function change(scene: Scene, old: string, kind: 'good' | 'bad'): Promise<Judge> {
  const { mark, kept } = await scene.change(kind)
  return async () => {
    const now = await scene.inVault()
    if (now === mark || (now === old && !kept)) return []
    return [`the vault holds ${now}; it held ${old}, and ${mark} was ${kept ? '' : 'not '}said to be kept`]
  }
}

/** What is gone is gone from the generation before, too. */
async function purge(scene: Scene): Promise<Judge> {
  const { bystander, lab } = scene
  await bystander.put()
  await bystander.purge().catch(() => {})
  return async () => {
    const left = ['previous', 'new', 'previous.new'].filter((end) =>
      existsSync(lab.path(`/var/lib/dso/local.age.${end}`)),
    )
    return (await bystander.there()) || left.length === 0 ? [] : [`purged, but local.age.${left} is there`]
  }
}
