import type { RolloutRecord, SyncLine } from '../core/api.ts'
import { Failure, isFailure } from '../core/failure.ts'
import type { Quarantined, ReadKey, Workload } from '../core/model.ts'
import { nap } from './nap.ts'
import type { Quarantine } from './quarantine.ts'
import type { Queue, Run, Wake } from './queue.ts'
import type { Outcome } from './reconcile.ts'
import type { Rejected } from './rejected.ts'

export interface SyncWish {
  readonly workloads?: readonly Workload[]
  readonly reads?: readonly ReadKey[]
  readonly retry: boolean
  readonly wait: boolean
}

export interface SyncNeeds {
  readonly queue: Pick<Queue<Outcome>, 'ask'>
  readonly quarantine: Pick<Quarantine, 'release' | 'all'>
  readonly rejected: Pick<Rejected, 'forgive'>
}

type Say = (line: SyncLine) => void

/**
 * Looks now, and tells what comes of it: one `done` line last. With `wait` it returns when the rollouts have ended.
 * Throws Failure when nothing of it could be looked at or had, and the signal's reason.
 */
export async function runSync(needs: SyncNeeds, wish: SyncWish, say: Say, signal: AbortSignal): Promise<void> {
  if (wish.retry) release(needs, wish, say)
  const runs = await settledRuns(needs, wakeOf(wish), signal)
  const failed: { readonly workload: Workload; readonly failure: Failure }[] = []
  const done: Promise<RolloutRecord | undefined>[] = []
  let changed = 0
  for (const [workload, run] of runs) {
    if ('error' in run) {
      const failure = asFailure(run.error)
      failed.push({ workload, failure })
      say({ kind: 'progress', workload, message: failure.message })
      continue
    }
    const { rollout, begun, behind } = run.outcome
    if (begun || rollout) changed += 1
    if (behind !== undefined) say({ kind: 'progress', workload, message: behind })
    if (rollout) say({ kind: 'progress', workload, message: `${rollout.entry().record.cause}: watched` })
    if (rollout && wish.wait) done.push(rollout.done.then((record) => told(record, say)))
  }
  const [first] = failed
  if (first !== undefined && failed.length === runs.size) throw first.failure
  const records = await beforeEnd(Promise.all(done), signal)
  const rolledBack = records
    .filter((record) => record?.outcome === 'rolled-back')
    .filter((record) => record !== undefined)
  const codes = failed.map(({ workload, failure: { code } }) => ({ workload, code }))
  say({ kind: 'done', changed, unchanged: runs.size - failed.length - changed, rolledBack, failed: codes })
}

function release({ quarantine, rejected }: SyncNeeds, { workloads, reads }: SyncWish, say: Say): void {
  const everyone = !workloads?.length && !reads?.length
  const meant = ({ workload, read }: Quarantined) =>
    everyone || workloads?.includes(workload) === true || reads?.includes(read) === true
  for (const workload of quarantine.release(meant, 'an operator asked to try it again')) {
    rejected.forgive(workload)
    say({ kind: 'progress', workload, message: 'its quarantine is released' })
  }
  for (const workload of workloads ?? []) rejected.forgive(workload)
}

const wakeOf = ({ workloads, reads }: SyncWish): Wake =>
  workloads?.length || reads?.length ? { ...(workloads && { workloads }), ...(reads && { reads }) } : { all: true }

/** Asks until nothing is still being gathered or was seen in passing. */
async function settledRuns(
  needs: SyncNeeds,
  wake: Wake,
  signal: AbortSignal,
): Promise<ReadonlyMap<Workload, Run<Outcome>>> {
  const settled = new Map<Workload, Run<Outcome>>()
  let next: Wake | undefined = wake
  while (next) {
    const runs: ReadonlyMap<Workload, Run<Outcome>> = await beforeEnd(needs.queue.ask(next), signal)
    const again: Workload[] = []
    let pauseMs = 50
    for (const [workload, run] of runs) {
      settled.set(workload, run)
      if ('error' in run || !(run.outcome.stale || run.outcome.againMs)) continue
      again.push(workload)
      pauseMs = Math.max(pauseMs, run.outcome.againMs ?? 0)
    }
    next = again.length > 0 ? { workloads: again } : undefined
    if (next) await nap(pauseMs, signal)
  }
  return settled
}

function told(record: RolloutRecord | undefined, say: Say): RolloutRecord | undefined {
  if (record) {
    const outcome = record.outcome === 'rolled-back' ? 'rolled back' : record.outcome
    const message = record.message === undefined ? outcome : `${outcome}: ${record.message}`
    say({ kind: 'progress', workload: record.workload, message })
  }
  return record
}

/** The result, unless the signal comes first. */
async function beforeEnd<T>(result: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  const gone = Promise.withResolvers<never>()
  const leave = () => gone.reject(signal.reason)
  signal.addEventListener('abort', leave, { once: true })
  try {
    return await Promise.race([result, gone.promise])
  } finally {
    signal.removeEventListener('abort', leave)
  }
}

const asFailure = (error: unknown): Failure =>
  isFailure(error)
    ? error
    : new Failure('AGENT_DOWN', 'the host could not be looked at: Docker does not answer', 'try again when Docker runs')
