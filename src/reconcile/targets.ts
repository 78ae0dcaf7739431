import { wantedOf, workloadOf } from '../core/desire.ts'
import { type Failure, isFailure } from '../core/failure.ts'
import type { Asked, Container, ObservedMount, ReadKey, Rotation, Workload, World } from '../core/model.ts'
import { isOpen, type Target } from '../core/plan.ts'
import { readKey } from '../core/reference.ts'
import type { Settings } from '../core/settings.ts'
import type { Catalogue } from '../docker/catalogue.ts'
import type { Engine } from '../docker/engine.ts'
import type { ImageLabels } from '../docker/image-labels.ts'
import type { Quarantine } from './quarantine.ts'
import type { Rendering } from './rendering.ts'

/** What a workload's running containers should hold. */
export interface Wish {
  readonly targets: readonly Target[]
  /** Container ids by name. */
  readonly ids: ReadonlyMap<string, string>
  /** Of the newest container. */
  readonly rotation: Rotation
  /** Open mounts whose wish cannot be had: what is in them is watched to its end. */
  readonly kept: readonly Target[]
  /** Why some mount's wish is not among the targets: it keeps what it has. */
  readonly failure?: Failure
}

export interface TargetNeeds {
  readonly engine: Pick<Engine, 'image'>
  readonly catalogue: Pick<Catalogue, 'get'>
  readonly imageLabels: ImageLabels
  readonly settings: () => Settings
  readonly rendering: Pick<Rendering, 'wanted'>
  readonly quarantine: Pick<Quarantine, 'avoid'>
}

export interface Targets {
  /** What each held mount of a workload should hold. Throws what is no Failure. */
  of(workload: Workload, world: World, signal: AbortSignal): Promise<Wish>
  /** What one container asks of one volume, by its own labels; undefined: nothing (`dso.ignore`). Throws Failure. */
  asked(container: Container, volume: string, signal: AbortSignal): Promise<Asked | undefined>
  /** Whether a workload was last seen to ask for every secret below a path that this read lies in. */
  awaits(workload: Workload, read: ReadKey): boolean
}

const nothing: Rotation = { strategy: { kind: 'auto' } }

/** A running container is asked itself: its labels do not change, whatever its newer siblings ask for. */
export function createTargets(needs: TargetNeeds): Targets {
  const asked: Targets['asked'] = async (container, volume, signal) => {
    const { imageLabels, engine, catalogue, settings } = needs
    if (imageLabels.get(container.imageId) === undefined) {
      // What cannot be learned stays unknown, and the wish is refused for it.
      await imageLabels.learn(container.imageId, engine, signal).catch(() => undefined)
    }
    const known = catalogue.get(volume)
    const wanted = wantedOf({
      workload: workloadOf(container, imageLabels.get(container.imageId)),
      containers: [{ ...container, state: 'running' }],
      volumes: known ? [known] : [],
      imageLabels: imageLabels.get,
      defaultMode: settings().delivery.defaultMode,
      defaultStrategy: settings().rotation.default,
    }).get(volume)
    if (isFailure(wanted)) throw wanted
    return wanted?.asked
  }

  const families = new Map<Workload, readonly string[]>()
  const one = async (mount: ObservedMount, container: Container, signal: AbortSignal) => {
    try {
      const wish = await asked(container, mount.volume, signal)
      if (!wish) return undefined
      families.set(mount.workload, familiesOf(wish))
      const wanted = await needs.rendering.wanted(wish, { avoid: needs.quarantine.avoid(mount.workload), signal })
      return { target: { mount, container: container.name, wanted }, rotation: wish.rotation }
    } catch (error) {
      if (!isFailure(error)) throw error
      return {
        failure: error.at(mount.workload),
        target: { mount, container: container.name, wanted: mount.generation },
      }
    }
  }

  return {
    asked,
    awaits: (workload, read) => families.get(workload)?.some((prefix) => read.startsWith(prefix)) === true,
    of: async (workload, world, signal) => {
      const held = heldMounts(workload, world)
      const found = (await Promise.all(held.map(({ mount, container }) => one(mount, container, signal)))).filter(
        (wish) => wish !== undefined,
      )
      const failure = found.find((wish) => wish.failure)?.failure
      return {
        targets: found.filter((wish) => !wish.failure).map((wish) => wish.target),
        kept: found.filter((wish) => wish.failure && isOpen(wish.target.mount)).map((wish) => wish.target),
        ids: new Map(held.map(({ container }) => [container.name, container.id])),
        rotation: found.find((wish) => wish.rotation)?.rotation ?? nothing,
        ...(failure && { failure }),
      }
    },
  }
}

/** Read keys of `/*` expansions, up to the star. */
const familiesOf = ({ expansions }: Asked): readonly string[] =>
  expansions
    .filter(({ reference }) => reference.wildcard === 'children')
    .map(({ reference }) => readKey(reference).replace(/\*$/, ''))

/** The mounts of a workload that a container of the list holds, the newest container first. */
function heldMounts(workload: Workload, { mounts, containers }: World) {
  return mounts
    .filter((mount) => mount.workload === workload)
    .flatMap((mount) => {
      const container = containers.find(({ id }) => mount.holders.includes(id) && mount.authorised.includes(id))
      return container ? [{ mount, container }] : []
    })
    .toSorted((a, b) => b.container.created - a.container.created)
}

/** Ids that hold a mount without having been authorised. */
export const foreignHolders = (mount: ObservedMount): readonly string[] =>
  mount.holders.filter((id) => !mount.authorised.includes(id))
