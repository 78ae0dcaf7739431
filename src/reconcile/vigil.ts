import type { Step } from '../core/step.ts'
import { type Baseline, judgeLife, type Verdict, wasUnhealthy } from '../core/verdict.ts'
import { type Inspected, isEngineError } from '../docker/engine.ts'
import type { Ends } from './ends.ts'
import type { Change, HealthNeeds } from './health.ts'
import { type Judge, judgeOf } from './judges.ts'
import { nap } from './nap.ts'

/** One container of a watch. */
export interface Watched {
  readonly name: string
  readonly step: Step<'watch'>
  readonly change: Change
}

/** A change moves many containers at once: the first looks stay out of its way, and come one after another. */
const firstLookMs = (): number => 200 + Math.random() * 300
const unreachableMs = 1_000
const inspectMs = 20_000
/** How long the event of an end may come after the end. */
const eventMs = 2_000

/** Looks at one container, at each of its events and whenever something new is to be expected, until it is known how it is. */
export async function keepVigil(needs: HealthNeeds, watched: Watched, signal: AbortSignal): Promise<Verdict> {
  const look = looking(needs, watched)
  const id = idOf(watched)
  let wake = () => {}
  const unwatch = needs.ends.watch(id, () => wake())
  const pause = (ms: number) =>
    nap(ms, signal, (early) => {
      wake = early
    })
  try {
    await pause(firstLookMs())
    for (;;) {
      const verdict = await look(signal)
      if (verdict.kind !== 'wait') return verdict
      await pause(verdict.ms)
    }
  } finally {
    unwatch()
  }
}

function looking(needs: HealthNeeds, watched: Watched): (signal: AbortSignal) => Promise<Verdict> {
  const { name, step, change } = watched
  const id = idOf(watched)
  let judge: Judge | undefined
  let before: Baseline | undefined
  let goneAt: number | undefined

  const eventIsDue = () => {
    goneAt ??= performance.now()
    return performance.now() - goneAt < eventMs
  }
  return async (signal) => {
    signal.throwIfAborted()
    const sight = await inspected(needs, id, signal)
    if (sight === 'absent') return removed(needs.ends, id, change.at)
    if (sight === 'unreachable') {
      judge?.hold()
      return { kind: 'wait', ms: unreachableMs }
    }
    before ??= { changedAt: change.at, startedAt: sight.state.startedAt, restartCount: sight.restartCount }
    const end = needs.ends.since(id, change.at, sight.stopSignal)
    if (!end && !sight.state.running && eventIsDue()) return { kind: 'wait', ms: 100 }
    const life = judgeLife(sight, before, end)
    if (life) return life
    if (!judge) {
      if (await wasAiling(name, sight, change)) return { kind: 'well' }
      judge = judgeOf(step, sight, change.at, needs)
    }
    return judge.look(sight, signal)
  }
}

async function wasAiling(name: string, sight: Inspected, change: Change): Promise<boolean> {
  if (change.ailing.has(name)) return true
  if (!wasUnhealthy(sight, change.firstAt)) return false
  await change.found(name)
  return true
}

async function inspected(
  { engine }: HealthNeeds,
  id: string,
  signal: AbortSignal,
): Promise<Inspected | 'absent' | 'unreachable'> {
  try {
    return await engine.inspect(id, AbortSignal.any([signal, AbortSignal.timeout(inspectMs)]))
  } catch (error) {
    signal.throwIfAborted()
    return isEngineError(error, 'absent') ? 'absent' : 'unreachable'
  }
}

/** A container that was removed: `--rm` does it to one that died by itself. */
function removed(ends: Ends, id: string, changedAt: number): Verdict {
  const end = ends.since(id, changedAt)
  if (!end || end.asked) return { kind: 'ended', reason: 'it was removed' }
  return { kind: 'failed', reason: `it ended with exit status ${end.exitCode}` }
}

const idOf = ({ name, change }: Watched): string => change.ids.get(name) ?? name
