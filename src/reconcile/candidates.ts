import { setTimeout as sleep } from 'node:timers/promises'
import { Failure } from '../core/failure.ts'
import type { Container } from '../core/model.ts'
import type { Engine } from '../docker/engine.ts'
import type { Records } from '../docker/records.ts'

/** The containers that may be behind a Mount, and who said so. */
export interface Sighting {
  /** Rows that may reference the volume; the caller looks for itself which really do. */
  readonly containers: readonly Container[]
  /** dockerd does not answer yet: it is starting containers of its own accord. */
  readonly booting: boolean
}

export interface Candidates {
  /** dockerd has begun a new life: its API counts as silent until it has answered once. */
  activated(): void
  /** Whether dockerd's API has answered since it was last activated. */
  answering(): boolean
  /** Throws VOLUME_UNCLAIMED when neither dockerd nor its records can be read: silence never reads as "nobody". */
  of(volume: string, signal: AbortSignal): Promise<Sighting>
}

/** The list is lock-free and takes milliseconds; longer means that dockerd waits for us. */
const listDeadlineMs = 300
const pingDeadlineMs = 1000
const pingPauseMs = 100

/**
 * Who asks for a volume (docs/requirements.md 5). Inside a Mount dockerd may be waiting for its answer before its own API
 * answers anything; so the list is asked only if `_ping` has answered in this life of dockerd, and with a deadline,
 * else dockerd's own records on disk say the same. Pings until `signal` ends.
 */
export function createCandidates(
  {
    engine,
    records,
  }: { readonly engine: Pick<Engine, 'ping' | 'containers'>; readonly records: Pick<Records, 'containers'> },
  signal: AbortSignal,
): Candidates {
  let life = 0
  let answered = -1

  const listen = async (mine: number) => {
    while (!signal.aborted && mine === life) {
      try {
        await engine.ping(AbortSignal.any([signal, AbortSignal.timeout(pingDeadlineMs)]))
        if (mine === life) answered = mine
        return
      } catch {
        await sleep(pingPauseMs, undefined, { ref: false, signal }).catch(() => {})
      }
    }
  }
  const begin = () => {
    life += 1
    void listen(life)
  }
  begin()

  const answering = () => answered === life
  return {
    activated: begin,
    answering,
    of: async (volume, mountSignal) => {
      if (answering()) {
        const listed = await engine
          .containers({ volume, all: true }, AbortSignal.any([mountSignal, AbortSignal.timeout(listDeadlineMs)]))
          .catch(() => undefined)
        if (listed) return { containers: listed, booting: false }
      }
      const recorded = await records.containers()
      if (recorded) return { containers: recorded, booting: !answering() }
      throw new Failure(
        'VOLUME_UNCLAIMED',
        `volume ${volume}: neither Docker nor its records in its data folder say which container asks`,
        'start the container again when docker ps answers',
      )
    },
  }
}
