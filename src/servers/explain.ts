import type { ExplainAnswer } from '../core/api.ts'
import { isFailure, printable } from '../core/failure.ts'
import type { Asked, Container, ObservedMount, Reference, Volume, Workload, World } from '../core/model.ts'
import { newlineSentence } from '../core/newline.ts'
import { printReference, readKey } from '../core/reference.ts'
import { insertsOf, printValue } from '../core/value.ts'
import type { ServedLoop, ServedVault } from './parts.ts'
import { onChange, type StatusParts } from './status.ts'
import type { Target } from './target.ts'
import { type Known, type Seen, workloadsIn } from './workloads.ts'

type Line = ExplainAnswer['lines'][number]

/** What the explanation is composed of. */
export interface ExplainParts extends Pick<StatusParts, 'world' | 'known' | 'refusals'> {
  readonly vault: Pick<ServedVault, 'history' | 'state'>
  readonly loop: Pick<ServedLoop, 'quarantined' | 'stateOf'>
}

/** Tells who asks, who decided, what was delivered, what was ignored, and why not. Throws Failure when Docker is away. */
export function createExplain(parts: ExplainParts): (target: Target) => Promise<ExplainAnswer> {
  const answer = async (target: Target): Promise<ExplainAnswer> => {
    const world = await parts.world()
    const known = parts.known()
    const all = workloadsIn(world, known)
    if (target.kind === 'workload') {
      const seen = all.find(({ workload }) => workload === target.workload)
      const lines = seen === undefined ? [] : workloadLines(seen, parts)
      return { subject: target.workload, kind: 'workload', lines }
    }
    if (target.kind === 'volume') {
      return { subject: target.volume, kind: 'volume', lines: volumeLines(target.volume, world, known, all, parts) }
    }
    const subject = printReference(target.reference)
    return { subject, kind: 'reference', lines: referenceLines(target.reference, all, parts) }
  }
  // Names of labels are anybody's text, an image's author's too.
  return async (target) => {
    const { lines, ...head } = await answer(target)
    return { ...head, lines: lines.map(({ topic, text }) => ({ topic, text: printable(text) })) }
  }
}

function workloadLines(seen: Seen, parts: ExplainParts): Line[] {
  const { asked, fault, containers, mounts, ignored, workload } = seen
  const lines: Line[] = asked === undefined ? [] : askLines(asked)
  const [newest] = containers
  if (newest !== undefined) lines.push({ topic: 'decided', text: decidedBy(newest, containers) })
  if (asked !== undefined) lines.push({ topic: 'decided', text: `on a change: ${onChange(asked.rotation)}` })
  for (const mount of mounts) lines.push(...mountLines(mount, containers))
  for (const label of ignored) {
    lines.push({
      topic: 'ignored',
      text: `label ${label}: the image carries it with the same value, so it is the image's`,
    })
  }
  const refused = refusedLines(workload, parts)
  const isSaid = fault === undefined || refused.some(({ text }) => text.endsWith(fault))
  return [...lines, ...(isSaid ? [] : [{ topic: 'refused' as const, text: fault }]), ...refused]
}

function askLines({ bindings, expansions }: Asked): Line[] {
  const mode = (bits: number) => bits.toString(8).padStart(4, '0')
  return [
    ...bindings.map(({ file, value, mode: bits, uid, gid }) => ({
      topic: 'asks' as const,
      text: `file ${file}: ${printValue(value)} (mode ${mode(bits)}, uid ${uid}, gid ${gid})`,
    })),
    ...expansions.map(({ reference }) => ({
      topic: 'asks' as const,
      text: `a file each of ${printReference(reference)}`,
    })),
  ]
}

const decidedBy = ({ name, state }: Container, all: readonly Container[]): string =>
  all.length === 1
    ? `the labels of ${name} (${state})`
    : `the labels of ${name} (${state}), the newest of ${all.length} containers`

function mountLines(mount: ObservedMount, containers: readonly Container[]): Line[] {
  const names = mount.holders.map(
    (id) => containers.find((one) => one.id === id)?.name ?? `${id.slice(0, 12)} (foreign)`,
  )
  const held = names.length === 0 ? 'held by nobody now' : `held by ${names.join(', ')}`
  const open = mount.generation.fingerprint === mount.proved.fingerprint ? '' : ', a rollout is open'
  const head: Line = {
    topic: 'delivered',
    text: `volume ${mount.volume}: ${mount.generation.bindings.length} file(s), ${held}${open}`,
  }
  const versions = Object.entries(mount.generation.reads).map(
    ([read, { version }]): Line => ({ topic: 'version', text: `${read} version ${version} in volume ${mount.volume}` }),
  )
  const newline = newlineSentence(mount.generation)
  return [head, ...(newline === undefined ? [] : [{ topic: 'delivered' as const, text: newline }]), ...versions]
}

function refusedLines(workload: Workload, { refusals, loop }: ExplainParts): Line[] {
  const refused = refusals().filter((one) => one.workload === workload)
  const bad = loop.quarantined().filter((one) => one.workload === workload)
  const { message } = loop.stateOf(workload)
  return [
    ...refused.map(({ message, at }): Line => ({ topic: 'refused', text: `at ${at}: ${message}` })),
    ...bad.map(({ read, version, reason, serving }): Line => {
      const instead = serving === undefined ? 'starts fail until it changes' : `starts get version ${serving}`
      return { topic: 'refused', text: `${read} version ${version} is quarantined (${reason}): ${instead}` }
    }),
    ...(message === undefined || refused.some((one) => one.message === message)
      ? []
      : [{ topic: 'refused' as const, text: message }]),
  ]
}

function volumeLines(name: string, world: World, known: Known, all: readonly Seen[], parts: ExplainParts): Line[] {
  const volume: Volume | undefined = known.volumes.find((one) => one.name === name)
  const lines: Line[] = []
  for (const [option, value] of Object.entries(volume?.options ?? {})) {
    lines.push({ topic: 'asks', text: `driver_opts ${option}: ${value}` })
  }
  if (volume?.project !== undefined && Object.keys(volume.options).length > 0) {
    lines.push({ topic: 'decided', text: `its driver_opts are given to containers of the project ${volume.project}` })
  }
  const users = all.filter(({ containers }) => containers.some(({ mounts }) => mounts.some((m) => m.volume === name)))
  for (const { workload } of users) lines.push({ topic: 'used by', text: workload })
  for (const mount of world.mounts) if (mount.volume === name) lines.push(...mountLines(mount, world.containers))
  return [...lines, ...users.flatMap(({ workload }) => refusedLines(workload, parts))]
}

function referenceLines(reference: Reference, all: readonly Seen[], parts: ExplainParts): Line[] {
  const read = readKey(reference)
  const lines: Line[] = versionLines(reference, parts)
  for (const { workload, asked, mounts } of all) {
    const files = (asked?.bindings ?? []).filter(({ value }) =>
      insertsOf(value).some((one) => readKey(one.reference) === read),
    )
    const many = (asked?.expansions ?? []).filter((one) => readKey(one.reference) === read)
    const names = [...files.map(({ file }) => file), ...many.map(() => '*')]
    if (names.length > 0) lines.push({ topic: 'used by', text: `${workload}: ${names.join(', ')}` })
    for (const { volume, generation } of mounts) {
      const held = generation.reads[read]
      if (held !== undefined)
        lines.push({ topic: 'delivered', text: `${workload}: version ${held.version} in volume ${volume}` })
    }
  }
  const bad = parts.loop.quarantined().filter((one) => one.read === read)
  for (const one of bad) {
    lines.push({ topic: 'refused', text: `${one.workload}: version ${one.version} is quarantined: ${one.reason}` })
  }
  return lines
}

function versionLines(reference: Reference, { vault }: ExplainParts): Line[] {
  try {
    const current = vault.history(reference.path).find((one) => one.current)
    return current === undefined
      ? []
      : [{ topic: 'version', text: `version ${current.version} is current, made ${current.createdAt}` }]
  } catch (error) {
    if (!isFailure(error)) throw error
    return [{ topic: 'refused', text: error.message }]
  }
}
