import { makeGeneration } from '../core/generation.ts'
import type { Contents } from './contents.ts'
import type { Prepared } from './layout.ts'
import type { Pool } from './pool.ts'

/**
 * The directory that every `docker create` is answered with: a slot of its own whose set is empty. Not an empty
 * directory, which dockerd would try to fill. One serves all: it is read-only, and what a privileged container might
 * have written into it is taken out before it is answered again.
 */
export function createMarker({ pool, contents }: { readonly pool: Pool; readonly contents: Contents }) {
  const nothing = makeGeneration([], {})
  let marked: Promise<Prepared> | undefined
  return async (): Promise<string> => {
    marked ??= pool.take()
    try {
      const { slot, device } = await marked
      contents.write(slot, device, nothing, [])
      return slot.exposed
    } catch (error) {
      marked = undefined
      throw error
    }
  }
}
