import type { Emit } from '../core/event.ts'
import { isFailure } from '../core/failure.ts'
import type { Container, Workload, World } from '../core/model.ts'
import { type Engine, type Inspected, isEngineError } from '../docker/engine.ts'
import { driverName } from '../docker/observe.ts'
import type { Ends } from './ends.ts'
import type { Quarantine } from './quarantine.ts'
import type { Refusal, Refusals } from './refusals.ts'
import type { Rendering } from './rendering.ts'
import type { Targets } from './targets.ts'

/** Starts containers that stayed down because their secrets could not be had. */
export interface Starts {
  /** `thorough`: after a time in which starts may have failed unseen, every container that is down is looked at. */
  look(world: World, thorough: boolean, signal: AbortSignal): Promise<void>
}

export interface StartNeeds {
  readonly engine: Pick<Engine, 'inspect' | 'start'>
  readonly refusals: Pick<Refusals, 'all' | 'clear'>
  readonly targets: Pick<Targets, 'asked'>
  readonly rendering: Pick<Rendering, 'wanted'>
  readonly quarantine: Pick<Quarantine, 'avoid'>
  readonly ends: Pick<Ends, 'since'>
  readonly emit: Emit
}

const firstPauseMs = 1_000
const longestPauseMs = 60_000
/** The words of ours, or of dockerd about our socket, in the reason that it keeps of a failed start. */
const ours = /dso: .*\[[A-Z_]+\]|plugins\/dso\.sock|plugin "?dso"?/s

/**
 * dockerd never tries again a start that failed at a mount (tried). So a container is started whose last start failed by
 * us, if its restart policy says that it should run; one whose policy is `no` failed before somebody's eyes and is theirs.
 */
export function createStarts(needs: StartNeeds): Starts {
  const tries = new Map<string, { readonly count: number; readonly after: number }>()
  /** Down for another reason, or not to be started: by id, the time of its end. */
  const settled = new Map<string, number>()
  const underWay = new Set<string>()

  const one = async (container: Container, refusal: Refusal | undefined, signal: AbortSignal) => {
    if ((tries.get(container.id)?.after ?? 0) > performance.now()) return
    const seen = await needs.engine.inspect(container.id, signal)
    if (!failedByUs(seen, refusal) || isStopped(needs.ends, seen, refusal)) {
      if (!refusal) settled.set(container.id, seen.state.finishedAt)
      return
    }
    const workload = await ready(needs, container, refusal, signal)
    if (workload === undefined) return
    const count = (tries.get(container.id)?.count ?? 0) + 1
    const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** (count - 1)) * (0.5 + Math.random() / 2)
    tries.set(container.id, { count, after: performance.now() + pauseMs })
    await needs.engine.start(container.id, signal)
    tries.delete(container.id)
    needs.refusals.clear([container.id])
    const reason = 'its secrets can be had again'
    needs.emit({ kind: 'container.started', workload, container: container.name, reason })
  }

  const attempt = async (container: Container, refusal: Refusal | undefined, signal: AbortSignal) => {
    if (underWay.has(container.id)) return
    underWay.add(container.id)
    try {
      await one(container, refusal, signal)
    } catch (error) {
      // Docker's own reason: gone, refused (the birth has told why), or away. The next look tries again.
      if (!isEngineError(error) && !signal.aborted) throw error
    } finally {
      underWay.delete(container.id)
    }
  }

  return {
    look: async (world, thorough, signal) => {
      forgetStarted(needs.refusals, world)
      const refused = new Map(
        needs.refusals.all().flatMap((entry) => entry.containers.map((id) => [id, entry] as const)),
      )
      const down = world.containers.filter((container) => isDown(container) && (thorough || refused.has(container.id)))
      const open = down.filter((container) => refused.has(container.id) || thorough || !settled.has(container.id))
      await Promise.all(open.map((container) => attempt(container, refused.get(container.id), signal)))
    },
  }
}

const isDown = ({ state }: Container): boolean => state === 'created' || state === 'exited' || state === 'dead'

/** Refusals of containers that run now, or are gone. */
function forgetStarted(refusals: StartNeeds['refusals'], world: World): void {
  const states = new Map(world.containers.map(({ id, state }) => [id, state]))
  const over = refusals
    .all()
    .flatMap(({ containers }) => containers)
    .filter((id) => !states.has(id) || states.get(id) === 'running')
  if (over.length > 0) refusals.clear(over)
}

function failedByUs({ state, restartPolicy, autoRemove }: Inspected, refusal: Refusal | undefined): boolean {
  if (state.running || autoRemove || restartPolicy === 'no' || restartPolicy === '') return false
  return ours.test(state.error) || (refusal !== undefined && state.error.includes(`[${refusal.code}]`))
}

const isStopped = (ends: StartNeeds['ends'], { id, stopSignal }: Inspected, refusal: Refusal | undefined): boolean =>
  refusal !== undefined && ends.since(id, Date.parse(refusal.at), stopSignal)?.asked === true

/** The workload if all that the container asks for can be had now; undefined: it would fail again. */
async function ready(
  { targets, rendering, quarantine }: StartNeeds,
  container: Container,
  refusal: Refusal | undefined,
  signal: AbortSignal,
): Promise<Workload | undefined> {
  const workload = refusal?.workload || container.name
  try {
    for (const { volume, driver } of container.mounts) {
      if (driver !== driverName) continue
      const asked = await targets.asked(container, volume, signal)
      if (asked) await rendering.wanted(asked, { avoid: quarantine.avoid(workload), signal })
    }
    return workload
  } catch (error) {
    if (isFailure(error)) return undefined
    throw error
  }
}
