/** Runs `act` for callers that come at the same time once, and again only after it failed: what succeeded stays done. */
export function createOnce<T>(act: () => Promise<T>): () => Promise<T> {
  let done: Promise<T> | undefined
  return () => {
    done ??= act().catch((error: unknown) => {
      done = undefined
      throw error
    })
    return done
  }
}

/**
 * Runs `act` so that each caller gets a run that began after its call: those who come during a run share the next one.
 */
export function createShared<T>(act: () => Promise<T>): () => Promise<T> {
  let running: Promise<unknown> | undefined
  let next: Promise<T> | undefined
  const begin = (): Promise<T> => {
    const mine = act()
    running = mine
    const end = () => {
      if (running === mine) running = undefined
    }
    mine.then(end, end)
    return mine
  }
  return () => {
    if (running === undefined) return begin()
    const start = () => {
      next = undefined
      return begin()
    }
    next ??= running.then(start, start)
    return next
  }
}

/** Runs acts of one key one after another. */
export function createQueue(): <T>(key: string, act: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>()
  return (key, act) => {
    const mine = (last.get(key) ?? Promise.resolve()).then(act, act)
    last.set(key, mine)
    const end = () => {
      if (last.get(key) === mine) last.delete(key)
    }
    mine.then(end, end)
    return mine
  }
}
