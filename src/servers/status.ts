import type { SourceStatus, StatusAnswer, WorkloadStatus } from '../core/api.ts'
import { workloadOf } from '../core/asking.ts'
import { withoutImageLabels } from '../core/image-layer.ts'
import type { Container, Rotation, Workload, World } from '../core/model.ts'
import type { ServedLoop, ServedVault } from './parts.ts'
import { type Known, type Seen, workloadsIn } from './workloads.ts'

/** What the status is composed of. */
export interface StatusParts {
  readonly version: string
  readonly host: string
  readonly startedAt: string
  readonly vault: Pick<ServedVault, 'state'>
  readonly loop: Pick<ServedLoop, 'stateOf' | 'quarantined' | 'paused'>
  /** Throws while Docker does not answer. */
  readonly world: () => Promise<World>
  readonly known: () => Known
  readonly stats: () => { readonly secrets: number; readonly bytes: number }
  readonly ram: () => { readonly kind: string; readonly bytes: number }
  readonly refusals: () => readonly { readonly workload: Workload; readonly message: string; readonly at: string }[]
  /** One sentence each: what is wrong with the agent itself. */
  readonly problems: () => readonly string[]
}

/** Composes the status at the moment of the call. It answers without Docker too, and says that it is away. */
export function createStatus(parts: StatusParts): () => Promise<StatusAnswer> {
  return async () => {
    const problems = [...parts.problems()]
    const world = await parts.world().catch(() => {
      problems.push('Docker does not answer: containers are not shown')
      return undefined
    })
    problems.push(...(world?.unserved ?? []).flatMap((container) => inVain(container, parts.known())))
    if (parts.loop.paused().includes('*')) problems.push('everything is paused: docker dso resume')
    const { secrets, bytes } = parts.stats()
    const ram = parts.ram()
    return {
      version: parts.version,
      host: parts.host,
      startedAt: parts.startedAt,
      secrets,
      ramBytes: bytes + ram.bytes,
      ram: ram.kind,
      tenancy: 'single',
      sources: [local(parts.vault)],
      workloads: world === undefined ? [] : workloadsIn(world, parts.known()).map((seen) => statusOf(seen, parts)),
      problems,
    }
  }
}

/** Nothing tells such a container: it was never at a Mount of ours. */
function inVain(container: Container, { imageLabels }: Known): string[] {
  const ofImage = imageLabels(container.imageId) ?? {}
  const { labels } = withoutImageLabels(container.labels, ofImage)
  if (!Object.keys(labels).some((label) => label.startsWith('dso.secret.'))) return []
  const who = workloadOf(container, ofImage)
  return [`${who} asks for secrets by its labels, but mounts no dso volume: add one: volumes: ["NAME:/run/secrets"]`]
}

const local = (vault: Pick<ServedVault, 'state'>): SourceStatus => ({ name: 'local', ...vault.state() })

function statusOf(seen: Seen, { loop, refusals }: StatusParts): WorkloadStatus {
  const { workload, containers, mounts, asked } = seen
  const generation = mounts.find(({ holders }) => holders.length > 0)?.generation ?? mounts[0]?.generation
  return {
    workload,
    running: containers.filter(({ state }) => state === 'running').length,
    total: containers.length,
    files: generation?.bindings.length ?? asked?.bindings.length ?? 0,
    vars: 0,
    onChange: asked === undefined ? '' : onChange(asked.rotation),
    ...stateOf(seen, loop, refusals()),
    quarantined: loop.quarantined().filter((one) => one.workload === workload),
    containers: containers.map(({ id, name, state }) => {
      const slot = mounts.find(({ holders }) => holders.includes(id))?.slot
      return { name, state, ...(slot !== undefined && { slot }) }
    }),
    ...(generation !== undefined && { generation }),
  }
}

/** What stands in the way of a workload, the worst first: a refused start, labels that cannot be read, then the loop's word. */
function stateOf(
  { workload, containers, fault }: Seen,
  loop: Pick<ServedLoop, 'stateOf'>,
  refusals: ReturnType<StatusParts['refusals']>,
): Pick<WorkloadStatus, 'state' | 'message' | 'changedAt'> {
  const refusal = refusals.findLast((one) => one.workload === workload)
  const allRun = containers.length > 0 && containers.every(({ state }) => state === 'running')
  if (refusal !== undefined && !allRun) return { state: 'refused', message: refusal.message, changedAt: refusal.at }
  if (fault !== undefined && !allRun) return { state: 'refused', message: fault }
  return loop.stateOf(workload)
}

/** The cell ON CHANGE. */
export function onChange({ strategy }: Rotation): string {
  if (strategy.kind === 'auto') return 'live (auto)'
  return strategy.kind === 'signal' ? `signal ${strategy.signal}` : strategy.kind
}
