import type { RolloutRecord } from '../core/api.ts'
import type { Emit } from '../core/event.ts'
import { suspects, type Target, takeBack } from '../core/plan.ts'
import { type Engine, isEngineError } from '../docker/engine.ts'
import { checkpoint } from '../host/checkpoint.ts'
import type { Ends } from './ends.ts'
import type { Journal } from './journal.ts'
import type { Quarantine } from './quarantine.ts'
import type { Rejected } from './rejected.ts'
import type { Run } from './rollout.ts'

export interface TakeBackNeeds {
  readonly engine: Pick<Engine, 'inspect' | 'start'>
  readonly ends: Ends
  readonly journal: Journal
  readonly quarantine: Pick<Quarantine, 'set'>
  readonly rejected: Rejected
  readonly emit: Emit
  /** The agent's life. */
  readonly signal: () => AbortSignal
}

/** A rollout that failed. */
export interface Failed {
  readonly run: Run
  readonly targets: readonly Target[]
  /** What its processes are told by. */
  readonly told?: string
}

/**
 * The way back, the same whether the failure was just seen or stands in the journal: first no start may get the failed
 * version, then the files, then whoever died of it. Each part may be repeated. What fails here is not taken back in its
 * turn: the journal stays open and it is tried again.
 */
export async function goBack(needs: TakeBackNeeds, { run, targets, told }: Failed): Promise<RolloutRecord> {
  const { record, failure } = run.entry()
  const { code, message } = failure ?? { code: 'UNHEALTHY' as const, message: 'it had failed before the agent ended' }
  const { workload, id } = record
  const signal = needs.signal()
  const blamed = code === 'UNHEALTHY' ? suspects(targets) : []
  await needs.quarantine.set(workload, blamed, message)
  checkpoint('back.quarantine')
  if (blamed.length === 0) needs.rejected.add(workload, targets, message, code === 'UNHEALTHY')
  for (const step of takeBack(targets, told)) {
    await run.effects.renew(step, signal)
    checkpoint('back.renew')
  }
  for (const { containerId, container } of run.entry().moved) {
    if (await startFallen(needs, run, containerId, signal)) {
      const reason = 'it had ended on the new values: started with the old ones'
      needs.emit({ kind: 'container.started', workload, container, reason })
    }
  }
  checkpoint('back.start')
  needs.emit({ kind: 'rollout.rolled_back', workload, rollout: id, code, message })
  return await needs.journal.end(id, 'rolled-back', message)
}

/** Starts a container that ended by itself after the change. One that dockerd is about to start is `restarting`. */
async function startFallen(
  { engine, ends }: TakeBackNeeds,
  run: Run,
  id: string,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const { state, autoRemove, stopSignal } = await engine.inspect(id, signal)
    const fell = (state.status === 'exited' || state.status === 'dead') && state.finishedAt >= run.change.firstAt
    if (!fell || autoRemove) return false
    if (ends.since(id, run.change.firstAt, stopSignal)?.asked) return false
    await engine.start(id, signal)
    return true
  } catch (error) {
    if (isEngineError(error, 'absent')) return false
    throw error
  }
}
