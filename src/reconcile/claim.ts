import { workloadOf } from '../core/desire.ts'
import type { World } from '../core/model.ts'
import type { Delivery } from '../delivery/delivery.ts'
import type { ImageLabels } from '../docker/image-labels.ts'

/**
 * The world with each held mount under the workload of the container that holds it. A Mount is decided before it is
 * known whose it is: of several containers that start at once and ask for the same, another one may get the directory.
 * While a container's image is not known its labels may be the image's, and the mount stays what it was decided as.
 */
export function claim(world: World, imageLabels: Pick<ImageLabels, 'get'>): World {
  const containers = new Map(world.containers.map((container) => [container.id, container]))
  const mounts = world.mounts.map((mount) => {
    const holder = mount.holders.find((id) => mount.authorised.includes(id))
    const container = holder === undefined ? undefined : containers.get(holder)
    if (!container) return mount
    const image = imageLabels.get(container.imageId)
    if (image === undefined) return mount
    const workload = workloadOf(container, image)
    return workload === mount.workload ? mount : { ...mount, workload }
  })
  return { containers: world.containers, mounts }
}

/** A look again without looking: who holds what as it was seen, what the mounts hold as it is. */
export function refresh({ containers, mounts }: World, delivery: Pick<Delivery, 'find'>): World {
  const now = mounts.flatMap((seen) => {
    const mount = delivery.find(seen.mountId)
    return mount?.slot === seen.slot ? [{ ...mount, workload: seen.workload, holders: seen.holders }] : []
  })
  return { containers, mounts: now }
}
