import type { ObservedMount } from '../core/model.ts'

export interface VolumeFacts {
  /** What `docker volume inspect` shows as Status, from memory and value-free. */
  of(volume: string): Readonly<Record<string, string | number>>
}

/** A fact may be so old. */
const freshMs = 1000

/** Answers at once from the last look at the host, and looks again behind the answer when that was a while ago. */
export function createVolumeFacts(look: () => Promise<readonly ObservedMount[]>): VolumeFacts {
  let mounts: readonly ObservedMount[] = []
  let lookedAt = Number.NEGATIVE_INFINITY

  const refresh = async () => {
    if (performance.now() - lookedAt < freshMs) return
    lookedAt = performance.now()
    mounts = await look().catch(() => mounts)
  }

  return {
    of: (volume) => {
      void refresh()
      const here = mounts.filter((mount) => mount.volume === volume)
      const newest = here.toSorted((a, b) => b.answeredAt - a.answeredAt)[0]
      if (!newest) return { mounts: 0 }
      const { workload, generation } = newest
      return {
        workload,
        mounts: here.filter(({ holders }) => holders.length > 0).length,
        files: generation.bindings.length,
        fingerprint: generation.fingerprint.slice(0, 12),
      }
    },
  }
}
