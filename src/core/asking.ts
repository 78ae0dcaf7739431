import { Failure } from './failure.ts'
import {
  asksForNothing,
  isIgnored,
  type LabelDefaults,
  mergeOptions,
  parseAsked,
  withoutImageLabels,
} from './labels.ts'
import type { Asked, Container, Volume, Workload } from './model.ts'
import { printReference } from './reference.ts'
import { printValue } from './value.ts'

type Labels = Readonly<Record<string, string>>

/** The labels of an image by its id; undefined: not known, so nothing of its containers can be trusted. */
export type ImageLabels = (imageId: string) => Labels | undefined

const PROJECT = 'com.docker.compose.project'
const SERVICE = 'com.docker.compose.service'
/** What Compose itself accepts as a name; anything else is somebody's own text. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/

/** A container whose own labels are known. */
export interface Asker {
  readonly container: Container
  readonly workload: Workload
  readonly labels: Labels
  /** Labels left out because its image carries them. */
  readonly ignored: readonly string[]
}

/** `project/service` for a container that Compose made, else its name. Without `imageLabels` the image is taken to have none. */
export function workloadOf(container: Container, imageLabels: Labels = {}): Workload {
  return workloadByLabels(container, withoutImageLabels(container.labels, imageLabels).labels)
}

/** A container by its own labels. Throws Failure VOLUME_UNCLAIMED if its image's labels are not known. */
export function askerOf(container: Container, imageLabels: ImageLabels): Asker {
  const image = imageLabels(container.imageId)
  if (image === undefined) {
    const what =
      'the labels of its image are not known yet, so what it asks for cannot be told from what the image asks'
    const remedy = `start it again when Docker answers, or if its image is gone: docker rm ${container.name}`
    throw new Failure('VOLUME_UNCLAIMED', what, remedy, workloadOf(container))
  }
  const { labels, ignored } = withoutImageLabels(container.labels, image)
  return { container, workload: workloadByLabels(container, labels), labels, ignored }
}

/** Whether `dso.ignore` takes the container out. */
export const standsAside = ({ labels }: Asker): boolean => isIgnored(labels)

/** What a container asks of one volume. Throws the failures of `parseAsked`, said of its workload, and VOLUME_UNCLAIMED for nothing. */
export function askedOf(asker: Asker, volume: Volume | undefined, defaults: LabelDefaults): Asked {
  const { labels, workload } = asker
  const asked = saidOf(workload, () => parseAsked(mergeOptions(labels, optionsFor(labels, volume)), defaults))
  if (!asksForNothing(asked)) return asked
  const what = `no label of it asks for a secret, but it mounts the volume ${volume?.name ?? ''}`
  throw new Failure('VOLUME_UNCLAIMED', what, 'add dso.secret.FILE: dso://local/PATH to its labels', workload)
}

/** Files and modes as one text: equal exactly when two containers may be given the same directory. Rotation does not count. */
export function canonicalFiles({ bindings, expansions }: Asked): string {
  return JSON.stringify([
    bindings.map(({ file, value, mode, uid, gid }) => [file, value.kind, printValue(value), mode, uid, gid]),
    expansions.map(({ reference, mode, uid, gid, perFile }) => [
      printReference(reference),
      [mode, uid, gid],
      Object.entries(perFile).map(([file, owner]) => [file, owner.mode ?? '', owner.uid ?? '', owner.gid ?? '']),
    ]),
  ])
}

/** driver_opts are given only to containers of the volume's own project; without one, to any (single tenancy). */
function optionsFor(labels: Labels, volume: Volume | undefined): Labels {
  if (volume === undefined) return {}
  return volume.project === undefined || volume.project === labels[PROJECT] ? volume.options : {}
}

function workloadByLabels({ name }: Container, labels: Labels): Workload {
  const [project, service] = [labels[PROJECT] ?? '', labels[SERVICE] ?? '']
  return NAME.test(project) && NAME.test(service) ? `${project}/${service}` : name
}

function saidOf<T>(workload: Workload, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw error instanceof Failure ? error.at(workload) : error
  }
}
