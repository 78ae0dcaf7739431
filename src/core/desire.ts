import { type Asker, askedOf, askerOf, canonicalFiles, type ImageLabels, standsAside } from './asking.ts'
import { Failure, isFailure } from './failure.ts'
import type { LabelDefaults } from './labels.ts'
import type { Asked, Container, Volume, Workload } from './model.ts'

export { type ImageLabels, workloadOf } from './asking.ts'
export { type Wanted, wantedOf } from './wanted.ts'

/** What a Mount is answered with. */
export type Decision =
  /** Nobody is there to be given anything: `docker create`'s own Mount. */
  | { readonly kind: 'marker' }
  | {
      readonly kind: 'deliver'
      readonly workload: Workload
      readonly asked: Asked
      /** Ids of the containers that may hold the directory, newest first: those that ask for exactly these files. */
      readonly counted: readonly string[]
      /** Labels of the deciding container that were left out because its image carries them. */
      readonly ignored: readonly string[]
    }

export interface MountQuestion extends LabelDefaults {
  readonly volume: Volume
  /** Any containers: who counts is decided here. */
  readonly containers: readonly Container[]
  readonly imageLabels: ImageLabels
}

/** Whether dockerd's API takes this as a volume's name; nothing else ever becomes part of a path or a query. */
export const validVolumeName = (name: string): boolean => /^[A-Za-z0-9][A-Za-z0-9_.-]{0,199}$/.test(name)

/** A container that is being started stands in one of these states; `running` is seen only during `docker cp`. */
const starting: readonly Container['state'][] = ['created', 'exited', 'restarting']

/** Whether the container mounts exactly this volume by our driver (Docker's own filter also matches destinations). */
export const mountsVolume = ({ mounts }: Container, name: string): boolean =>
  mounts.some(({ volume, driver }) => driver === 'dso' && volume === name)

/**
 * Whose labels a volume serves at a Mount (docs/labels.md; docs/requirements.md 1, 4, 5). Containers about to start that mount it
 * count, of one workload the newest; all must ask for the same files and modes. Throws Failure: VOLUME_UNCLAIMED if one
 * asks for nothing or its image is not known, VOLUME_AMBIGUOUS if two differ, and those of `parseAsked`.
 */
export function decide({ volume, containers, imageLabels, ...defaults }: MountQuestion): Decision {
  const rows = containers
    .filter((row) => starting.includes(row.state) && mountsVolume(row, volume.name))
    .sort((a, b) => b.created - a.created || (a.name < b.name ? -1 : 1))
  if (rows.length === 0) return { kind: 'marker' }
  const askers = rows.map((row) => askerOf(row, imageLabels)).filter((asker) => !standsAside(asker))
  const [decider, ...others] = newestOfEach(askers)
  if (decider === undefined) throw onlyIgnored(volume, rows[0]!)
  const read = (asker: Asker): Asked => askedOf(asker, volume, defaults)
  const asked = read(decider)
  const same = (asker: Asker): boolean => asksTheSame(asked, () => read(asker))
  for (const other of others) refuseDifference(volume, decider, other, same, read)
  return {
    kind: 'deliver',
    workload: decider.workload,
    asked,
    counted: askers.filter(same).map(({ container }) => container.id),
    ignored: decider.ignored,
  }
}

/** Of each workload the newest; those made in the same second stand beside it. Keeps the order, newest first. */
function newestOfEach(askers: readonly Asker[]): readonly Asker[] {
  const newest = new Map<Workload, number>()
  for (const { workload, container } of askers.toReversed()) newest.set(workload, container.created)
  return askers.filter(({ workload, container }) => container.created === newest.get(workload))
}

/** A broken wish is not the same wish; a container that asks for nothing at all is refused before this is asked. */
function asksTheSame(asked: Asked, read: () => Asked): boolean {
  try {
    return canonicalFiles(read()) === canonicalFiles(asked)
  } catch (error) {
    if (isFailure(error)) return false
    throw error
  }
}

function refuseDifference(
  volume: Volume,
  decider: Asker,
  other: Asker,
  same: (asker: Asker) => boolean,
  read: (asker: Asker) => Asked,
): void {
  if (same(other)) return
  try {
    read(other)
  } catch (error) {
    if (isFailure(error, 'VOLUME_UNCLAIMED')) throw withLeftover(error, other)
  }
  const [one, two] = [decider, other].map(({ workload, container }) =>
    decider.workload === other.workload ? container.name : workload,
  )
  throw new Failure(
    'VOLUME_AMBIGUOUS',
    `volume ${volume.name} is asked for different files by ${one} and ${two}`,
    `give each service its own volume, or remove the leftover: docker rm ${other.container.name}`,
  )
}

const withLeftover = ({ code, what, remedy, where }: Failure, { container }: Asker): Failure =>
  new Failure(code, what, `${remedy}, or remove it: docker rm ${container.name}`, where)

const onlyIgnored = (volume: Volume, { name }: Container): Failure =>
  new Failure(
    'VOLUME_UNCLAIMED',
    `${name} has the label dso.ignore, but mounts the volume ${volume.name}`,
    'remove the label or the volume',
    name,
  )
