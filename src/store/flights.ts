/**
 * One call under way for each key, however many wait for it. Each waits as long as its own signal lets it; the call
 * itself is aborted when nobody waits any more.
 */
export function createFlights<T>() {
  const flights = new Map<string, { readonly result: Promise<T>; readonly abort: AbortController; waiting: number }>()

  const begin = (key: string, call: (signal: AbortSignal) => Promise<T>) => {
    const abort = new AbortController()
    const result = call(abort.signal).finally(() => {
      if (flights.get(key) === flight) flights.delete(key)
    })
    const flight = { result, abort, waiting: 0 }
    flights.set(key, flight)
    return flight
  }

  /** Joins the call of this key, or begins it. Throws what the call throws, or the signal's reason. */
  return async (key: string, call: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> => {
    signal.throwIfAborted()
    const flight = flights.get(key) ?? begin(key, call)
    flight.waiting += 1
    const left = Promise.withResolvers<never>()
    const leave = (): void => left.reject(signal.reason)
    signal.addEventListener('abort', leave, { once: true })
    try {
      return await Promise.race([flight.result, left.promise])
    } finally {
      signal.removeEventListener('abort', leave)
      flight.waiting -= 1
      if (flight.waiting === 0) {
        if (flights.get(key) === flight) flights.delete(key)
        flight.abort.abort()
      }
    }
  }
}
