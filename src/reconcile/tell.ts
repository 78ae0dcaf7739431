import { readFile } from 'node:fs/promises'
import { kill } from 'node:process'
import { type Engine, isEngineError } from '../docker/engine.ts'
import { signalNumber } from './signal-number.ts'

/** Sends a signal to the first process of a container, if it already ran at `since` (milliseconds since 1970). */
export type Tell = (containerId: string, signal: string, since: number, abort: AbortSignal) => Promise<void>

const inspectMs = 20_000

/**
 * Not by Docker's `kill`: dockerd takes every signal sent so for a wish to end the container, and no restart policy
 * starts it again when it ends, at whatever time later (tried). A container that ended, or has begun since, is not told:
 * it read its files at its start.
 */
export function createTell({ engine }: { readonly engine: Pick<Engine, 'inspect'> }): Tell {
  return async (id, signal, since, abort) => {
    try {
      const { state } = await engine.inspect(id, AbortSignal.any([abort, AbortSignal.timeout(inspectMs)]))
      if (!state.running || state.pid <= 0 || state.startedAt > since) return
      // A pid is used again; a process of this container shows its id.
      const cgroup = await readFile(`/proc/${state.pid}/cgroup`, 'utf8')
      if (cgroup.includes(id)) kill(state.pid, signalNumber(signal))
    } catch (error) {
      if (!isGone(error)) throw error
    }
  }
}

const isGone = (error: unknown): boolean =>
  isEngineError(error, 'absent') || ['ENOENT', 'ESRCH'].includes(String((error as NodeJS.ErrnoException).code))
