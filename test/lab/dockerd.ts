import { existsSync, readFileSync } from 'node:fs'
import { eventually } from './eventually.ts'
import { ask } from './unix-http.ts'

/** The engine's daemon in a lab. */
export interface Dockerd {
  /** Starts it; unless `wait` is false, returns only when the API answers. */
  start(options?: { readonly wait?: boolean | undefined }): Promise<void>
  /** Waits until the API answers. */
  ready(deadlineMs?: number): Promise<void>
  /** SIGTERM, and its end awaited: it may need more than ten seconds to stop its containers. */
  stop(): Promise<void>
  /** SIGKILL, and its end awaited; containers go on, the way they do on a real host. */
  kill(): Promise<void>
  /** What it has said since the lab opened, over all its starts. */
  log(): string
  pid(): number | undefined
}

/** What is needed to steer the daemon: the lab's holder starts it and tells of it, see `holdScript`. */
export interface DockerdNeeds {
  readonly tell: (line: string) => void
  /** The lines the holder has said so far; it grows. */
  readonly heard: readonly string[]
  readonly socket: string
  readonly logFile: string
}

/** Prepares the daemon of one lab; it is not started yet. */
export function createDockerd(needs: DockerdNeeds): Dockerd {
  let current: number | undefined
  const log = () => (existsSync(needs.logFile) ? readFileSync(needs.logFile, 'utf8') : '')
  const ended = (pid: number) => needs.heard.some((line) => line.startsWith(`ended ${pid} `))
  const pid = () => (current !== undefined && !ended(current) ? current : undefined)
  const started = () => needs.heard.filter((line) => line.startsWith('started '))

  const ready = async (deadlineMs = 30_000) => {
    const state = await eventually(
      async () => {
        if (pid() === undefined) return 'ended'
        return (await ask(needs.socket, '/_ping', { timeoutMs: 1000 })).body === 'OK'
      },
      { what: 'answer of dockerd', deadlineMs },
    )
    if (state === 'ended') throw new Error(`dockerd has ended:\n${log().slice(-2000)}`)
  }

  const signal = async (name: NodeJS.Signals, deadlineMs: number) => {
    const daemon = pid()
    if (daemon === undefined) return
    process.kill(daemon, name)
    await eventually(() => ended(daemon), { what: `end of dockerd after ${name}`, deadlineMs })
  }

  return {
    start: async ({ wait = true } = {}) => {
      if (pid() !== undefined) throw new Error('dockerd runs already')
      const before = started().length
      needs.tell('start')
      const line = await eventually(() => started()[before] ?? false, { what: 'start of dockerd', intervalMs: 5 })
      current = Number(String(line).split(' ')[1])
      if (wait) await ready()
    },
    ready,
    stop: () => signal('SIGTERM', 60_000),
    kill: () => signal('SIGKILL', 10_000),
    log,
    pid,
  }
}
