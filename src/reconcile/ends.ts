import { constants } from 'node:os'
import type { End } from '../core/verdict.ts'
import type { DockerEvent } from '../docker/engine.ts'

/** How processes ended, as Docker's events tell it: the `kill` event of whoever ends a container comes before its `die`. */
export interface Ends {
  heed(event: DockerEvent): void
  /** Our own signal is about to be sent: its `kill` event is nobody's wish to end the container. */
  expect(containerId: string, signal: string): void
  /** How the container ended since then (milliseconds since 1970); undefined: Docker has not told that it did. */
  since(containerId: string, at: number, stopSignal?: string): End | undefined
  /** Calls back at each event of the container until the returned function is called. */
  watch(containerId: string, seen: () => void): () => void
}

interface Kill {
  readonly signal: number
  readonly at: number
}

interface Death {
  readonly at: number
  readonly exitCode: number
  readonly kills: readonly Kill[]
  /** A `stop` followed it. (A `destroy` proves nothing: `--rm` removes what died by itself.) */
  stopped: boolean
}

interface Life {
  kills: Kill[]
  death: Death | undefined
  expected: number[]
}

/** Signals that tell a process something and do not ask it to end, unless they are its stop signal. */
const telling = new Set(
  ['SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGCONT', 'SIGURG', 'SIGIO', 'SIGCHLD'].map(numberOf),
)

export function createEnds(): Ends {
  const lives = new Map<string, Life>()
  const watchers = new Map<string, Set<() => void>>()
  const lifeOf = (id: string): Life => {
    const life = lives.get(id) ?? { kills: [], death: undefined, expected: [] }
    lives.set(id, life)
    return life
  }

  return {
    heed: (event) => {
      if (event.type !== 'container') return
      note(lifeOf(event.id), event)
      for (const seen of watchers.get(event.id) ?? []) seen()
      if (event.action === 'destroy' && !watchers.has(event.id)) lives.delete(event.id)
    },
    expect: (id, signal) => void lifeOf(id).expected.push(numberOf(signal)),
    since: (id, at, stopSignal) => {
      const death = lives.get(id)?.death
      if (!death || death.at < at) return undefined
      const ends = (kill: Kill) => !telling.has(kill.signal) || kill.signal === numberOf(stopSignal ?? 'SIGTERM')
      return { exitCode: death.exitCode, asked: death.stopped || death.kills.some(ends) }
    },
    watch: (id, seen) => {
      const set = watchers.get(id) ?? new Set()
      watchers.set(id, set.add(seen))
      return () => {
        set.delete(seen)
        if (set.size === 0 && watchers.get(id) === set) watchers.delete(id)
      }
    },
  }
}

function note(life: Life, { action, attributes, at }: DockerEvent): void {
  switch (action) {
    case 'kill': {
      const signal = numberOf(attributes['signal'] ?? '')
      const ours = life.expected.indexOf(signal)
      if (ours >= 0) life.expected.splice(ours, 1)
      else life.kills.push({ signal, at })
      return
    }
    case 'die':
      life.death = { at, exitCode: Number(attributes['exitCode'] ?? 0), kills: life.kills, stopped: false }
      life.kills = []
      return
    case 'stop':
      if (life.death) life.death.stopped = true
      return
    case 'start':
      life.kills = []
      return
  }
}

/** Docker tells a signal by its number; older engines sometimes by its name. */
function numberOf(signal: string): number {
  if (/^\d+$/.test(signal)) return Number(signal)
  const name = signal.startsWith('SIG') ? signal : `SIG${signal}`
  return constants.signals[name as NodeJS.Signals] ?? realTime(name) ?? 0
}

function realTime(name: string): number | undefined {
  const [, end, sign, offset] = /^SIGRT(MIN|MAX)(?:([+-])(\d+))?$/.exec(name) ?? []
  if (end === undefined) return undefined
  return (end === 'MIN' ? 34 : 64) + (sign === '-' ? -1 : 1) * Number(offset ?? 0)
}
