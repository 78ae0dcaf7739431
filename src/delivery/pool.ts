import type { Prepared } from './layout.ts'

/** Slots prepared beforehand, so that a Mount mounts nothing itself. */
export interface Pool {
  /** A slot; waits for new ones when none is left. Throws what `prepare` throws. */
  take(): Promise<Prepared>
  /** Gives slots found on the host. */
  give(slots: readonly Prepared[]): void
  /** Fills up in the background. */
  fill(): void
}

/** A refill waits this long after the Mount that made it necessary: a container is starting just then. */
const pauseMs = 300

/** More are prepared in several calls, so that the first Mounts need not wait for the last. */
const mostAtOnce = 64

/**
 * Holds `size` slots; asks `prepare` for more when half are gone, all in one call. When Mounts are waiting, as at a boot,
 * it is asked at once, for all of them.
 */
export function createPool({
  size,
  prepare,
  fits,
  discard,
  failed,
}: {
  readonly size: number
  readonly prepare: (count: number) => Promise<Prepared[]>
  /** Whether a slot made before is still of the kind that is to be used now. */
  readonly fits: (slot: Prepared) => boolean
  /** Slots that do not. */
  readonly discard: (slots: readonly Prepared[]) => void
  readonly failed: (error: unknown) => void
}): Pool {
  const spares: Prepared[] = []
  const waiting: PromiseWithResolvers<Prepared>[] = []
  let preparing = false
  let timer: NodeJS.Timeout | undefined

  const hand = (slots: readonly Prepared[]) => {
    for (const slot of slots) {
      const first = waiting.shift()
      if (first) first.resolve(slot)
      else spares.push(slot)
    }
  }
  const refill = async () => {
    clearTimeout(timer)
    timer = undefined
    const count = Math.min(size - spares.length + waiting.length, mostAtOnce)
    if (preparing || count <= 0) return
    preparing = true
    try {
      hand(await prepare(count))
    } catch (error) {
      if (waiting.length === 0) failed(error)
      for (const one of waiting.splice(0)) one.reject(error)
    } finally {
      preparing = false
    }
    if (waiting.length > 0) void refill()
  }
  const fill = () => {
    if (timer === undefined && spares.length <= size / 2) timer = setTimeout(refill, pauseMs).unref()
  }
  return {
    give: hand,
    fill,
    take: async () => {
      const old = spares.filter((slot) => !fits(slot))
      if (old.length > 0) discard(old.flatMap((slot) => spares.splice(spares.indexOf(slot), 1)))
      const spare = spares.pop()
      if (spare) {
        fill()
        return spare
      }
      const mine = Promise.withResolvers<Prepared>()
      waiting.push(mine)
      void refill()
      return mine.promise
    },
  }
}
