import { type Asker, askedOf, askerOf, type ImageLabels, workloadOf } from '../core/asking.ts'
import { isFailure } from '../core/failure.ts'
import type { LabelDefaults } from '../core/labels.ts'
import type { Asked, Container, ObservedMount, Volume, Workload, World } from '../core/model.ts'

/** What the answers are made of, besides the world. */
export interface Known {
  readonly volumes: readonly Volume[]
  readonly imageLabels: ImageLabels
  readonly defaults: LabelDefaults
}

/** One workload as it is now. */
export interface Seen {
  readonly workload: Workload
  /** The newest first. */
  readonly containers: readonly Container[]
  readonly mounts: readonly ObservedMount[]
  /** What its newest container asks for, or why that cannot be read. */
  readonly asked?: Asked
  readonly fault?: string
  /** Labels of that container that its image carries. */
  readonly ignored: readonly string[]
}

/** The workloads of a world by name, sorted: everything that mounts a dso volume. */
export function workloadsIn(world: World, known: Known): readonly Seen[] {
  const groups = new Map<Workload, Container[]>()
  for (const container of world.containers) {
    const workload = workloadOf(container, known.imageLabels(container.imageId) ?? {})
    groups.set(workload, [...(groups.get(workload) ?? []), container])
  }
  return [...groups.keys()].sort().map((workload) => {
    const containers = (groups.get(workload) ?? []).sort((a, b) => b.created - a.created || (a.id < b.id ? -1 : 1))
    const mounts = world.mounts.filter((mount) => mount.workload === workload)
    return { workload, containers, mounts, ...askOf(containers[0], known) }
  })
}

function askOf(container: Container | undefined, known: Known): Pick<Seen, 'asked' | 'fault' | 'ignored'> {
  if (container === undefined) return { ignored: [] }
  let asker: Asker | undefined
  try {
    asker = askerOf(container, known.imageLabels)
    const name = container.mounts.find(({ driver }) => driver === 'dso')?.volume
    const volume = known.volumes.find((one) => one.name === name)
    return { asked: askedOf(asker, volume, known.defaults), ignored: asker.ignored }
  } catch (error) {
    if (!isFailure(error)) throw error
    return { fault: error.message, ignored: asker?.ignored ?? [] }
  }
}
