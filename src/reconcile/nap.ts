/** Waits `ms`, or until the function handed to `early` is called. Throws the signal's reason. */
export function nap(ms: number, signal: AbortSignal, early?: (wake: () => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason)
      return
    }
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', aborted)
      resolve()
    }
    const aborted = () => {
      clearTimeout(timer)
      reject(signal.reason)
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', aborted, { once: true })
    early?.(done)
  })
}
