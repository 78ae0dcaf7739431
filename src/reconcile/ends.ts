import type { End } from '../core/verdict.ts'
import type { DockerEvent } from '../docker/engine.ts'
import { signalNumber } from './signal-number.ts'

/** How processes ended, as Docker's events tell it: the `kill` event of whoever ends a container comes before its `die`. */
export interface Ends {
  heed(event: DockerEvent): void
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
}

/** Signals that tell a process something and do not ask it to end, unless they are its stop signal. */
const telling = new Set(
  ['SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGCONT', 'SIGURG', 'SIGIO', 'SIGCHLD'].map(signalNumber),
)

/** So many containers are remembered, the last ones that something happened to; one that is gone may still be asked about. */
const most = 5_000

export function createEnds(): Ends {
  const lives = new Map<string, Life>()
  const watchers = new Map<string, Set<() => void>>()
  const lifeOf = (id: string): Life => {
    const life = lives.get(id) ?? { kills: [], death: undefined }
    lives.delete(id)
    lives.set(id, life)
    for (const oldest of lives.keys()) {
      if (lives.size <= most) break
      lives.delete(oldest)
    }
    return life
  }

  return {
    heed: (event) => {
      if (event.type !== 'container') return
      note(lifeOf(event.id), event)
      for (const seen of watchers.get(event.id) ?? []) seen()
    },
    since: (id, at, stopSignal) => {
      const death = lives.get(id)?.death
      if (!death || death.at < at) return undefined
      const ends = (kill: Kill) => !telling.has(kill.signal) || kill.signal === signalNumber(stopSignal ?? 'SIGTERM')
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
    case 'kill':
      life.kills.push({ signal: signalNumber(attributes['signal'] ?? ''), at })
      return
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
