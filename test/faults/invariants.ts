import type { RolloutRecord, StatusAnswer, WorkloadStatus } from '../../src/core/api.ts'
import { ask, eventually } from '../lab/lab.ts'
import type { Scene } from './scene.ts'
import { slots } from './slots.ts'

/** How things stood before a fault. */
export interface Mark {
  readonly at: number
  readonly inVault: string
  readonly inFiles: string
  readonly told: number
}

export async function markNow(scene: Scene): Promise<Mark> {
  const [inVault, inFiles] = [await scene.inVault(), await scene.inFiles()]
  return { at: Date.now(), inVault, inFiles, told: scene.readers.told().length }
}

const isBad = (mark: string): boolean => mark.includes('-bad-')

/** Waits until the readers' files are what they ought to be and nothing is open any more; says what is not so in the end. */
export async function converged(scene: Scene, before: Mark, deadlineMs = 30_000): Promise<readonly string[]> {
  let wrong: readonly string[] = []
  const look = async () => {
    wrong = await unsettled(scene, before)
    return wrong.length === 0
  }
  await eventually(look, { deadlineMs, intervalMs: 50 }).catch((error: Error) => {
    if (wrong.length === 0) wrong = [error.message]
  })
  return wrong
}

async function unsettled(scene: Scene, { inFiles }: Mark): Promise<readonly string[]> {
  const vault = await scene.inVault()
  const wanted = isBad(vault) ? inFiles : vault
  const files = await scene.inFiles()
  const app = await workload(scene)
  const state = isBad(vault) ? 'rolled-back' : 'ok'
  const open = (await rollouts(scene)).filter(({ outcome }) => outcome === 'open')
  return [
    files === wanted ? '' : `the files hold ${files} and not ${wanted}`,
    app.state === state ? '' : `status says ${app.state} and not ${state}`,
    app.running === 1 ? '' : 'the readers do not run',
    open.length === 0 ? '' : `a rollout is still open (${open.map(({ cause }) => cause)})`,
    isBad(vault) === app.quarantined.length > 0 ? '' : `${app.quarantined.length} versions in quarantine`,
  ].filter(Boolean)
}

/**
 * One change is one rollout (one whose files had not changed yet may have been begun before it), and its process is told
 * of it once; once more for each crash after which nobody can know whether it was.
 */
export async function onceOnly(scene: Scene, before: Mark, crashes = 1): Promise<readonly string[]> {
  const now = await scene.inVault()
  const changed = now !== before.inVault
  const since = (await rollouts(scene)).filter(({ startedAt }) => Date.parse(startedAt) >= before.at)
  const ended = since.map(({ outcome }) => outcome).filter((outcome) => outcome !== 'superseded')
  const wanted = !changed ? [] : isBad(now) ? [now, before.inFiles] : [now]
  const tellings = () => scene.readers.told().slice(before.told)
  // A process that was sent a signal takes a moment to write down what it then read.
  await eventually(() => wanted.every((mark) => tellings().includes(mark)), { deadlineMs: 5000 }).catch(() => {})
  const told = tellings()
  const often = wanted.map((mark) => ({ mark, times: told.filter((line) => line === mark).length }))
  const strangers = told.filter((line) => !wanted.includes(line))
  return [
    ended.length === (changed ? 1 : 0) && since.length <= ended.length + crashes
      ? ''
      : `${since.length} rollouts: ${since.map(({ outcome }) => outcome)}`,
    ...often.map(({ mark, times }) => (times >= 1 && times <= 1 + crashes ? '' : `told ${times} times of ${mark}`)),
    strangers.length === 0 ? '' : `told of ${strangers}`,
  ].filter(Boolean)
}

/** What a mount may be left over so long: dockerd may still be on its way to it. */
const graceMs = 120_000

/** Waits until nothing is left of what was replaced or ended; says what is. */
export async function tidy(scene: Scene, deadlineMs = 30_000): Promise<readonly string[]> {
  let wrong: readonly string[] = []
  const look = async () => {
    wrong = (await slots(scene.lab)).flatMap(({ name, held, record, generations }) => [
      ...(generations > 1 ? [`slot ${name} holds ${generations} sets`] : []),
      ...(record && !held && Date.now() - record.answeredAt > graceMs + deadlineMs
        ? [
            `slot ${name} of ${record.volume} has had no holder for ${Math.round((Date.now() - record.answeredAt) / 1000)} s`,
          ]
        : []),
    ])
    return wrong.length === 0
  }
  await eventually(look, { deadlineMs, intervalMs: 200 }).catch(() => {})
  return wrong
}

async function workload(scene: Scene): Promise<WorkloadStatus> {
  const { workloads } = (await status(scene, '/v1/status')) as StatusAnswer
  const app = workloads.find((one) => one.workload === 'app')
  if (!app) throw new Error('status does not know the readers')
  return app
}

const rollouts = async (scene: Scene) => (await status(scene, '/v1/rollouts?workload=app')) as readonly RolloutRecord[]

async function status(scene: Scene, path: string): Promise<unknown> {
  const answer = await ask(scene.lab.path('/run/dso/status.sock'), path)
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.body}`)
  return answer.json()
}
