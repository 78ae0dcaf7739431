import type { Emit, Event } from '../core/event.ts'
import type { Settings } from '../core/settings.ts'
import { createLog, standardError } from './log.ts'

/** Most events kept: older ones are gone when somebody asks for them. */
const kept = 20_000

export interface Report {
  readonly emit: Emit
  /** Events after a sequence number (0: all that are kept), or from a time on. */
  since(from: number | Date): readonly Event[]
  /** Calls back for each event from now on, until the returned function is called. */
  follow(heard: (event: Event) => void): () => void
  /** Other log settings from now on. */
  configure(log: Settings['log']): void
}

/** Tells every fact: as a line of the log, and to whoever follows. Keeps the last 20,000 since the agent's start in RAM. */
export function createReport(settings: Settings['log'], to = standardError()): Report {
  const ring: Event[] = []
  const followers = new Set<(event: Event) => void>()
  let log = createLog(settings, to)
  let seq = 0
  return {
    emit: (fact) => {
      seq += 1
      const event: Event = { ...fact, seq, at: new Date().toISOString() }
      ring[(seq - 1) % kept] = event
      log.write(event)
      for (const heard of followers) heard(event)
    },
    since: (from) => {
      const split = seq <= kept ? 0 : seq % kept
      const inOrder = [...ring.slice(split), ...ring.slice(0, split)]
      if (typeof from === 'number') return inOrder.filter((event) => event.seq > from)
      const time = from.toISOString()
      return inOrder.filter(({ at }) => at >= time)
    },
    follow: (heard) => {
      followers.add(heard)
      return () => void followers.delete(heard)
    },
    configure: (changed) => {
      log = createLog(changed, to)
    },
  }
}
