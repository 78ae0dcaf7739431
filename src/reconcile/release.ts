import type { Quarantined, ReadKey, World } from '../core/model.ts'
import { isOpen } from '../core/plan.ts'
import type { Delivery } from '../delivery/delivery.ts'
import type { Store } from '../store/store.ts'

export interface ReleaseNeeds {
  readonly store: Pick<Store, 'keep'>
  readonly delivery: Pick<Delivery, 'sweep'>
  readonly quarantined: () => readonly Quarantined[]
  readonly problem: (error: unknown) => void
}

/** Looks that come closer together than this share one release. */
const everyMs = 2_000

/** Gives up what no mount refers to, after each look at the host. */
export function createRelease(needs: ReleaseNeeds): (world: World) => void {
  let latest: World | undefined
  let timer: NodeJS.Timeout | undefined
  const release = () => {
    timer = undefined
    const world = latest
    if (!world) return
    needs.store.keep(readsInUse(world, needs.quarantined()))
    // A directory that was given up with a rollout open on it holds the way back, and says what starts are to get.
    const fallen = world.mounts.some((mount) => isOpen(mount) && mount.holders.length === 0)
    if (!fallen) needs.delivery.sweep().catch(needs.problem)
  }
  return (world) => {
    latest = world
    if (timer === undefined) timer = setTimeout(release, everyMs).unref()
  }
}

/** The versions that are in files, that are the way back, or that starts get while a newer one is quarantined. */
export function readsInUse(world: World, quarantined: readonly Quarantined[]): Map<ReadKey, Set<string>> {
  const inUse = new Map<ReadKey, Set<string>>()
  const use = (read: ReadKey, version: string) => inUse.set(read, (inUse.get(read) ?? new Set()).add(version))
  for (const { generation, proved } of world.mounts) {
    for (const { reads } of [generation, proved]) {
      for (const [read, { version }] of Object.entries(reads)) use(read, version)
    }
  }
  for (const { read, serving } of quarantined) if (serving !== undefined) use(read, serving)
  return inUse
}
