import { type Asker, askedOf, askerOf, type ImageLabels, standsAside, workloadOf } from './asking.ts'
import { type Failure, isFailure } from './failure.ts'
import type { LabelDefaults } from './labels.ts'
import type { Asked, Container, Volume, Workload } from './model.ts'

/** What one volume of a running workload should hold now. */
export interface Wanted {
  readonly asked: Asked
  /** Id of the newest running container, whose labels these are. */
  readonly container: string
}

export interface WantedQuestion extends LabelDefaults {
  readonly workload: Workload
  /** Any containers: those of the workload that run and mount a dso volume count. */
  readonly containers: readonly Container[]
  /** The catalogue; a volume that is not in it has no options. */
  readonly volumes: readonly Volume[]
  readonly imageLabels: ImageLabels
}

/**
 * What each dso volume of a running workload should hold, by volume name: the wishes of the newest running container
 * that mounts it. A container that cannot be read is answered as a Failure in its place and stops no other.
 */
export function wantedOf(question: WantedQuestion): ReadonlyMap<string, Wanted | Failure> {
  const wanted = new Map<string, Wanted | Failure>()
  const running = question.containers
    .filter(({ state }) => state === 'running' || state === 'paused')
    .toSorted((a, b) => b.created - a.created || (a.id < b.id ? -1 : 1))
  for (const container of running) {
    const image = question.imageLabels(container.imageId)
    if (workloadOf(container, image) !== question.workload) continue
    const names = container.mounts.filter(({ driver }) => driver === 'dso').map(({ volume }) => volume)
    for (const name of names) {
      if (wanted.has(name)) continue
      const one = wantedBy(container, name, question)
      if (one !== undefined) wanted.set(name, one)
    }
  }
  return wanted
}

function wantedBy(container: Container, name: string, question: WantedQuestion): Wanted | Failure | undefined {
  try {
    const asker: Asker = askerOf(container, question.imageLabels)
    if (standsAside(asker)) return undefined
    const volume = question.volumes.find((known) => known.name === name)
    const asked = askedOf(asker, volume ?? { name, options: {}, createdAt: '' }, question)
    return { asked, container: container.id }
  } catch (error) {
    if (isFailure(error)) return error
    throw error
  }
}
