import type { Decision } from '../core/desire.ts'
import { decide, mountsVolume, workloadOf } from '../core/desire.ts'
import type { Emit } from '../core/event.ts'
import { Failure, isFailure } from '../core/failure.ts'
import type { Container, ReadKey, Volume, Workload } from '../core/model.ts'
import { servingPins } from '../core/serving.ts'
import type { Settings } from '../core/settings.ts'
import type { Delivery } from '../delivery/delivery.ts'
import type { Catalogue } from '../docker/catalogue.ts'
import type { Engine } from '../docker/engine.ts'
import { type ImageLabels, learnMissing } from '../docker/image-labels.ts'
import type { Records } from '../docker/records.ts'
import { checkpoint } from '../host/checkpoint.ts'
import type { Generate } from '../store/generate.ts'
import type { Candidates, Sighting } from './candidates.ts'
import type { Refusals } from './refusals.ts'

export interface BirthNeeds {
  readonly engine: Pick<Engine, 'image'>
  readonly candidates: Pick<Candidates, 'of'>
  readonly records: Pick<Records, 'mountsPart'>
  readonly imageLabels: ImageLabels
  readonly catalogue: Pick<Catalogue, 'get'>
  readonly generate: Generate
  readonly delivery: Pick<Delivery, 'deliver' | 'marker' | 'find' | 'all' | 'look' | 'used'>
  /** The loop's word on a version of a read: another version to serve, or why none can be. */
  readonly avoid: (workload: Workload) => (read: ReadKey, version: string) => string | undefined | Failure
  readonly settings: () => Settings
  readonly refusals: Pick<Refusals, 'set' | 'clear'>
  readonly emit: Emit
}

/** Who is being refused, as far as it is known when something fails. */
interface Asking {
  readonly workload: Workload
  readonly containers: readonly Container[]
  /** dockerd starts them of its own accord, so the loop will start them when it can. */
  readonly unasked: boolean
}

/** dockerd waits two minutes for a Mount; our own sentence must come before it gives up. */
const deadlineMs = 100_000
const imageDeadlineMs = 5_000

/**
 * Answers one Mount: who asks, for what, which values, where (docs/requirements.md 4 to 6). Decided anew at every call, except
 * for a mount that a running container holds (`docker cp`, a repeated call): that one keeps its directory and what is
 * in it. Calls with one mount id that come together share one decision. Throws Failure, told as event and remembered
 * for the containers that could not start; then nothing of this Mount is left.
 */
export function createBirth(needs: BirthNeeds): (volume: string, mountId: string) => Promise<string> {
  const open = new Map<string, Promise<string>>()
  return async (volume, mountId) => {
    const key = `${volume}/${mountId}`
    const born = open.get(key) ?? birth(needs, volume, mountId).finally(() => open.delete(key))
    open.set(key, born)
    const directory = await born
    needs.delivery.used(mountId, 1)
    return directory
  }
}

async function birth(needs: BirthNeeds, name: string, mountId: string): Promise<string> {
  const signal = AbortSignal.timeout(deadlineMs)
  let asking: Asking = { workload: '', containers: [], unasked: false }
  try {
    const held = await directoryInUse(needs.delivery, name, mountId)
    if (held !== undefined) return held
    const volume = needs.catalogue.get(name)
    if (!volume) throw new Failure('VOLUME_UNCLAIMED', `no such volume: ${name}`, 'docker volume create -d dso NAME')
    checkpoint('mount.1')
    const sighting = await needs.candidates.of(name, signal)
    const rows = sighting.containers.filter((row) => mountsVolume(row, name))
    asking = askingOf(rows, sighting)
    if (!sighting.booting) {
      const images = asking.containers.map(({ imageId }) => imageId)
      const limited = AbortSignal.any([signal, AbortSignal.timeout(imageDeadlineMs)])
      await learnMissing(needs.imageLabels, images, needs.engine, limited)
    }
    const decision = decide({
      volume,
      containers: rows,
      imageLabels: needs.imageLabels.get,
      ...defaults(needs.settings()),
    })
    checkpoint('mount.2')
    if (decision.kind === 'marker') return await marker(needs, name, sighting)
    const containers = asking.containers.filter(({ id }) => decision.counted.includes(id))
    asking = { ...asking, workload: decision.workload, containers }
    if (await needs.records.mountsPart(name, decision.counted)) throw partOnly()
    const directory = await deliver(needs, volume, mountId, decision, signal)
    needs.refusals.clear(decision.counted)
    return directory
  } catch (error) {
    throw refuse(needs, name, asking, signal.aborted ? tooLate() : error)
  }
}

/** A directory that a container holds is answered again as it is; its values change by rotation only. */
async function directoryInUse(delivery: BirthNeeds['delivery'], name: string, mountId: string) {
  const known = delivery.find(mountId)
  if (!known) return undefined
  if (known.volume !== name) {
    throw new Failure(
      'VOLUME_UNCLAIMED',
      `a mount of ${known.volume} was asked for as ${name}`,
      'start the container again',
    )
  }
  const now = (await delivery.look()).find((mount) => mount.mountId === mountId)
  return now && now.holders.length > 0 ? now.directory : undefined
}

function askingOf(rows: readonly Container[], { booting }: Sighting): Asking {
  const containers = rows.filter(({ state }) => state === 'created' || state === 'exited' || state === 'restarting')
  const unasked = containers.some(({ state }) => state === 'restarting' || (booting && state === 'exited'))
  return { workload: '', containers, unasked }
}

const defaults = ({ delivery, rotation }: Settings) => ({
  defaultMode: delivery.defaultMode,
  defaultStrategy: rotation.default,
})

/** Nobody is known to ask: `docker create`'s own Mount. While dockerd boots nobody creates, so then a record is missing. */
async function marker({ delivery }: BirthNeeds, name: string, { booting }: Sighting): Promise<string> {
  if (!booting) return await delivery.marker()
  throw new Failure(
    'VOLUME_UNCLAIMED',
    `no container in Docker's records asks for volume ${name}`,
    'start the container again',
  )
}

async function deliver(
  { delivery, generate, avoid, emit }: BirthNeeds,
  volume: Volume,
  mountId: string,
  { workload, asked, counted }: Extract<Decision, { kind: 'deliver' }>,
  signal: AbortSignal,
): Promise<string> {
  const pins = servingPins(workload, delivery.all())
  const { generation, files } = await generate(asked, { pins, avoid: avoid(workload), signal })
  signal.throwIfAborted()
  checkpoint('mount.3')
  const directory = await delivery.deliver({
    mountId,
    volume: volume.name,
    workload,
    authorised: [...counted],
    generation,
    files,
  })
  checkpoint('mount.4')
  const fingerprint = generation.fingerprint.slice(0, 12)
  emit({ kind: 'mount.delivered', workload, volume: volume.name, files: files.length, fingerprint })
  return directory
}

/** Tells and remembers it for each workload that could not start. */
function refuse({ refusals, imageLabels, emit }: BirthNeeds, volume: string, asking: Asking, error: unknown): Failure {
  const failure = withNextStep(ours(error), asking.unasked).at(asking.workload)
  const { code, message } = failure
  const at = new Date().toISOString()
  const groups = Map.groupBy(
    asking.containers,
    (row) => asking.workload || workloadOf(row, imageLabels.get(row.imageId)),
  )
  for (const [workload, rows] of groups) {
    const [containers, names] = [rows.map(({ id }) => id), rows.map(({ name }) => name)]
    refusals.set({ containers, names, workload, volume, code, message, at })
  }
  emit({ kind: 'mount.refused', workload: [...groups.keys()][0] ?? failure.where, volume, code, message })
  return failure
}

/** Of an error that is not ours only its code passes (docs/requirements.md 9). */
function ours(error: unknown): Failure {
  if (isFailure(error)) return error
  const code = String((error as { code?: unknown } | undefined)?.code ?? 'unexpected error').slice(0, 40)
  return new Failure(
    'AGENT_DOWN',
    `the agent could not deliver (${code})`,
    'see docker dso doctor, then start it again',
  )
}

const partOnly = () =>
  new Failure(
    'STRATEGY_IMPOSSIBLE',
    'it mounts a subpath of its dso volume, which would stay as it is at the start for ever',
    'mount the whole volume',
  )

const tooLate = () =>
  new Failure(
    'SOURCE_UNREACHABLE',
    'the values were not there within 100 s',
    'see docker dso status, then start it again',
  )

/** Says what becomes of the container once the trouble is over: only the loop starts what nobody's hand was at. */
function withNextStep(failure: Failure, unasked: boolean): Failure {
  if (failure.code !== 'LOCAL_LOCKED') return failure
  const next = unasked ? 'it will be started then' : 'then start it again'
  return new Failure(failure.code, failure.what, `${failure.remedy}; ${next}`, failure.where)
}
