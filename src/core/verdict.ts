/** Is a container well after a change? Pure: what was seen goes in, what follows comes out. Times in milliseconds since 1970. */

/** A container as one inspection shows it. */
export interface Sight {
  readonly state: {
    readonly running: boolean
    readonly paused: boolean
    readonly restarting: boolean
    readonly exitCode: number
    readonly oomKilled: boolean
    readonly startedAt: number
    readonly health?: { readonly status: string; readonly log: readonly Probe[] }
  }
  readonly restartCount: number
  readonly healthcheck?: HealthTimes
}

export interface Probe {
  readonly start: number
  readonly end: number
  readonly exitCode: number
}

/** A health check's times; zero means Docker's default. */
export interface HealthTimes {
  readonly intervalMs: number
  readonly timeoutMs: number
  readonly startPeriodMs: number
  readonly retries: number
}

/** The process as it was when its files changed. */
export interface Baseline {
  readonly changedAt: number
  readonly startedAt: number
  readonly restartCount: number
}

/** How a process ended, if Docker told: `asked` when somebody stopped or killed it. */
export interface End {
  readonly asked: boolean
  readonly exitCode: number
}

export type Verdict =
  | { readonly kind: 'well' }
  /** Not known yet; nothing new is to be expected for so long. */
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'failed'; readonly reason: string }
  /** Somebody ended it: neither a success nor a failure of the change. */
  | { readonly kind: 'ended'; readonly reason: string }

const defaultIntervalMs = 30_000
const defaultRetries = 3
/** How often to look while a probe is expected to end. */
const soonMs = 250
const longestMs = 5_000
/** What a process answers that was told to stop, or whose dockerd went away: 255 is dockerd's own guess after a crash. */
const stopped: ReadonlySet<number> = new Set([0, 129, 130, 131, 137, 143, 255])

/** Whether the process that saw the change still lives; undefined: it does. */
export function judgeLife(sight: Sight, before: Baseline, end: End | undefined): Verdict | undefined {
  const { state } = sight
  if (end?.asked) return { kind: 'ended', reason: 'it was stopped' }
  if (end) return failed(state.oomKilled ? 'it ran out of memory' : `it ended with exit status ${end.exitCode}`)
  if (state.restarting || sight.restartCount > before.restartCount)
    return failed('it was restarted by its restart policy')
  if (!state.running) {
    if (state.oomKilled) return failed('it ran out of memory')
    if (!stopped.has(state.exitCode)) return failed(`it ended with exit status ${state.exitCode}`)
    return { kind: 'ended', reason: 'it no longer runs' }
  }
  const same = state.startedAt === before.startedAt && state.startedAt <= before.changedAt
  return same ? undefined : { kind: 'ended', reason: 'it was started anew' }
}

/** By the container's own health check: the first probe that began after the change decides. */
export function judgeProbes(sight: Sight, changedAt: number, now: number): Verdict {
  const log = (sight.state.health?.log ?? []).toSorted((a, b) => a.start - b.start)
  const { intervalMs, startPeriodMs } = timesOf(sight)
  for (const probe of log) {
    if (probe.start <= changedAt) continue
    if (probe.exitCode === 0) return { kind: 'well' }
    if (probe.start >= sight.state.startedAt + startPeriodMs)
      return failed(`its health check ${said(probe)} after the change`)
  }
  const last = log.at(-1)?.end ?? sight.state.startedAt
  return { kind: 'wait', ms: Math.min(longestMs, Math.max(soonMs, last + intervalMs - now)) }
}

/** Whether the container was unhealthy before the change: then the change is not to blame. */
export function wasUnhealthy(sight: Sight, changedAt: number): boolean {
  if (sight.state.restarting) return true
  const { health } = sight.state
  if (!health) return false
  const log = health.log.toSorted((a, b) => a.start - b.start)
  const before = log.filter((probe) => probe.start <= changedAt)
  if (before.length === log.length) return health.status === 'unhealthy'
  const { retries } = timesOf(sight)
  const tail = before.slice(-Math.min(retries, before.length))
  return before.length >= Math.min(retries, 4) && tail.every((probe) => probe.exitCode !== 0)
}

/** How long a change may take to be healthy: what the label says, else the longer of the standard and the health check's own need. */
export function timeoutOf(label: number | undefined, standardMs: number, healthcheck: HealthTimes | undefined): number {
  if (label !== undefined) return label
  if (!healthcheck) return standardMs
  const { intervalMs, timeoutMs, startPeriodMs } = withDefaults(healthcheck)
  return Math.max(standardMs, startPeriodMs + 2 * (intervalMs + timeoutMs))
}

export const inSeconds = (ms: number): string => `${Math.round(ms / 100) / 10} s`

const failed = (reason: string): Verdict => ({ kind: 'failed', reason })

const said = ({ exitCode }: Probe): string => (exitCode < 0 ? 'timed out' : `failed with exit status ${exitCode}`)

const timesOf = (sight: Sight): HealthTimes =>
  withDefaults(sight.healthcheck ?? { intervalMs: 0, timeoutMs: 0, startPeriodMs: 0, retries: 0 })

const withDefaults = (times: HealthTimes): HealthTimes => ({
  intervalMs: times.intervalMs || defaultIntervalMs,
  timeoutMs: times.timeoutMs || defaultIntervalMs,
  startPeriodMs: times.startPeriodMs,
  retries: times.retries || defaultRetries,
})
