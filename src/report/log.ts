import pino, { type DestinationStream } from 'pino'
import type { Event, Fact } from '../core/event.ts'
import { sentenceOf } from '../core/event-text.ts'
import type { Settings } from '../core/settings.ts'

type Level = Settings['log']['level']

const order: readonly Level[] = ['trace', 'debug', 'info', 'warn', 'error']

/** Facts that are not `info`. */
const levels: Partial<Record<Fact['kind'], Level>> = {
  'config.refused': 'error',
  'docker.lost': 'warn',
  'vault.locked': 'warn',
  'mount.refused': 'warn',
  'mount.released': 'debug',
  'mount.foreign': 'error',
  'rollout.ended': 'warn',
  'rollout.rolled_back': 'error',
  'quarantine.set': 'warn',
  'workload.failed': 'error',
  problem: 'warn',
}

/** Writes events as lines of the log: `text` for people, `json` with every part of the fact. */
export interface Log {
  write(event: Event): void
}

/** Standard error, written before the call returns: nothing is lost when the process is killed. */
export const standardError = (): DestinationStream => pino.destination({ fd: 2, sync: true })

export function createLog({ level, format }: Settings['log'], to: DestinationStream): Log {
  const wanted = (event: Event) => order.indexOf(levelOf(event)) >= order.indexOf(level)
  if (format === 'text') {
    return {
      write: (event) => {
        if (wanted(event)) to.write(`${event.at} ${levelOf(event).padEnd(5)} ${event.kind}: ${sentenceOf(event)}\n`)
      },
    }
  }
  const logger = pino(
    {
      level,
      base: null,
      timestamp: false,
      messageKey: 'message',
      formatters: { level: (label) => ({ level: label }) },
    },
    to,
  )
  return {
    // `message` is the sentence; a fact that has a message of its own says it there.
    write: (event) => {
      const { message: _, ...fact } = event as Event & { readonly message?: string }
      logger[levelOf(event)](fact, sentenceOf(event))
    },
  }
}

const levelOf = ({ kind }: Event): Level => levels[kind] ?? 'info'
