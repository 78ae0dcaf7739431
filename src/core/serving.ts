import type { ObservedMount, ReadKey, Workload } from './model.ts'

/**
 * The source's versions that serve a workload while one of its rollouts is open: those of the last proved generation.
 * Every start meanwhile gets them. Empty when no rollout is open: then starts get what the source has now.
 */
export function servingPins(workload: Workload, mounts: readonly ObservedMount[]): Readonly<Record<ReadKey, string>> {
  const open = mounts
    .filter((mount) => mount.workload === workload && mount.generation.fingerprint !== mount.proved.fingerprint)
    .sort((a, b) => a.answeredAt - b.answeredAt)
  return Object.fromEntries(
    open.flatMap(({ proved }) => Object.entries(proved.reads).map(([key, { version }]) => [key, version])),
  )
}
