import { randomBytes } from 'node:crypto'
import type { RolloutRecord } from '../core/api.ts'
import { type Failure, isFailure } from '../core/failure.ts'
import type { Workload } from '../core/model.ts'
import type { Target } from '../core/plan.ts'
import type { Effects, Plan, Step, StepKind } from '../core/step.ts'
import { checkpoint } from '../host/checkpoint.ts'
import { createEffects, type EffectNeeds } from './effects.ts'
import { type Change, Ended, type Health } from './health.ts'
import type { Entry } from './journal.ts'
import { type Failed, goBack, type TakeBackNeeds } from './take-back.ts'

/** A plan with whatever acting needs besides. */
export interface Work {
  readonly plan: Plan
  /** Every mount that the plan speaks of. */
  readonly targets: readonly Target[]
  /** Container ids by name. */
  readonly ids: ReadonlyMap<string, string>
  readonly signal?: string
  /** The rollout that this one takes the place of, or goes on with. */
  readonly before?: Entry
}

/** A rollout in the hands of this process. */
export interface Rollout {
  readonly workload: Workload
  readonly entry: () => Entry
  /** Resolves when every file has changed, or at the end; rejects with what kept them from changing, if it is to be tried again. */
  readonly moved: Promise<void>
  /** Resolves at the end, whatever it is; undefined: left open, to be taken up again. Never rejects. */
  readonly done: Promise<RolloutRecord | undefined>
}

export interface Rollouts {
  of(workload: Workload): Rollout | undefined
  /** Carries a plan out: returns at once. At most one a workload: supersede the one before. */
  begin(work: Work): Rollout
  /** Ends the watch of an open rollout for the sake of a newer one. Returns its record, `applied` if it was just done. */
  supersede(rollout: Rollout): Promise<RolloutRecord | undefined>
  /** Takes back what an earlier life of the agent found to have failed. */
  takeBack(work: Work & { readonly before: Entry }): Rollout
}

export interface RolloutNeeds extends Omit<EffectNeeds, 'engine'>, TakeBackNeeds {
  readonly health: Health
  /** Called when a rollout whose files had changed is no longer in hand: look at the workload again; with an error: later. */
  readonly settled: (workload: Workload, record: RolloutRecord | undefined, error: unknown) => void
}

const superseded = Symbol('superseded')

export function createRollouts(needs: RolloutNeeds): Rollouts {
  const inHand = new Map<Workload, Rollout & { readonly abort: AbortController }>()

  const hold = (work: Work, carry: (run: Run) => Promise<RolloutRecord | undefined>): Rollout => {
    const { workload } = work.plan
    const abort = new AbortController()
    const moved = Promise.withResolvers<void>()
    moved.promise.catch(() => {})
    let hasMoved = false
    const run = newRun(needs, work, AbortSignal.any([needs.signal(), abort.signal]), () => {
      hasMoved = true
      moved.resolve()
    })
    const done = carry(run).then(
      (record) => ({ record, error: undefined }),
      (error: unknown) => ({ record: undefined, error }),
    )
    const rollout = {
      workload,
      abort,
      entry: run.entry,
      moved: moved.promise,
      done: done.then(({ record, error }) => {
        if (inHand.get(workload) === rollout) inHand.delete(workload)
        if (error !== undefined && !hasMoved) moved.reject(error)
        else if (record?.outcome !== 'open') needs.settled(workload, record, error)
        moved.resolve()
        return record
      }),
    }
    inHand.set(workload, rollout)
    return rollout
  }

  return {
    of: (workload) => inHand.get(workload),
    begin: (work) => hold(work, (run) => carryOut(needs, work, run)),
    takeBack: (work) =>
      hold(work, async (run) => {
        await run.note({ phase: 'back' })
        return await goBack(needs, failedOf(work, run))
      }),
    supersede: (rollout) => {
      inHand.get(rollout.workload)?.abort.abort(superseded)
      return rollout.done
    },
  }
}

/** One life of a rollout: its entry as it grows, and the effects bound to its change. */
export interface Run {
  readonly entry: () => Entry
  /** Journals what has become of it. */
  readonly note: (more: Partial<Entry>) => Promise<void>
  readonly effects: Effects
  readonly change: Change
  readonly signal: AbortSignal
  readonly moved: () => void
}

function newRun(needs: RolloutNeeds, work: Work, signal: AbortSignal, moved: () => void): Run {
  const at = Date.now()
  let entry = newEntry(work, at)
  const ailing = new Set(entry.ailing)
  const note = async (more: Partial<Entry>) => {
    entry = { ...entry, ...more }
    await needs.journal.write(entry)
  }
  const change: Change = {
    at: work.before && isResumed(work) ? Date.parse(work.before.record.startedAt) : at,
    firstAt: entry.firstAt,
    ids: work.ids,
    ailing,
    found: (name) => note({ ailing: [...ailing.add(name)] }),
  }
  return { entry: () => entry, note, effects: createEffects(needs, change), change, signal, moved }
}

/** A rollout goes on under its own name when nothing changes but what its journal says. */
function isResumed({ before, targets }: Work): boolean {
  const named = (target: Target) =>
    before?.moved.some(({ slot, to }) => slot === target.mount.slot && to === target.wanted.fingerprint) === true
  return before?.phase === 'back' || (before !== undefined && targets.every(named))
}

function newEntry(work: Work, at: number): Entry {
  const { plan, targets, ids, signal, before } = work
  if (before && isResumed(work)) return before
  const id = `${at.toString(36)}${randomBytes(3).toString('hex')}`
  const startedAt = new Date(at).toISOString()
  const { workload, cause, strategy } = plan
  return {
    record: { id, workload, cause, strategy, startedAt, outcome: 'open' },
    phase: 'forward',
    moved: targets.map(({ mount, container, wanted }) => ({
      slot: mount.slot,
      container,
      containerId: ids.get(container) ?? '',
      from: mount.proved.fingerprint,
      to: wanted.fingerprint,
    })),
    ...(signal !== undefined && { signal }),
    firstAt: before?.firstAt ?? at,
    ailing: before?.ailing ?? [],
  }
}

async function carryOut(needs: RolloutNeeds, work: Work, run: Run): Promise<RolloutRecord | undefined> {
  const { journal, emit } = needs
  const { workload, steps } = work.plan
  const began = performance.now()
  try {
    await prepare(needs, work, run)
    const { id } = run.entry().record
    const last = steps.findLastIndex(({ kind }) => kind === 'renew')
    if (last < 0) run.moved()
    for (const [place, step] of steps.entries()) {
      run.signal.throwIfAborted()
      await perform(run.effects, step, run.signal)
      checkpoint(`rollout.${step.kind}`)
      if (place === last) run.moved()
    }
    const record = await journal.end(id, 'applied')
    checkpoint('rollout.closed')
    emit({ kind: 'rollout.applied', workload, rollout: id, ms: Math.round(performance.now() - began) })
    return record
  } catch (error) {
    return await settle(needs, work, run, error)
  }
}

/** Everything before the first effect: who is ailing already, and the entry in the journal. */
async function prepare(needs: RolloutNeeds, work: Work, run: Run): Promise<void> {
  const { workload, steps } = work.plan
  const watch = steps.find((step) => step.kind === 'watch')
  const known = new Set(work.before?.moved.map(({ container }) => container))
  const ailing = watch?.check
    ? await needs.health.before(
        { ...watch, containers: watch.containers.filter((name) => !known.has(name)) },
        work.ids,
        run.signal,
      )
    : []
  for (const name of ailing) await run.change.found(name)
  await run.note({})
  checkpoint('rollout.journal')
  const { id, cause, strategy } = run.entry().record
  const { before } = work
  if (before?.record.id === id) return
  if (before && needs.journal.entries().some(({ record }) => record.id === before.record.id)) {
    await needs.journal.end(before.record.id, 'superseded')
    needs.emit({ kind: 'rollout.superseded', workload, rollout: before.record.id })
  }
  needs.emit({ kind: 'rollout.started', workload, rollout: id, cause, strategy })
}

const perform = <K extends StepKind>(effects: Effects, step: Step<K>, signal: AbortSignal): Promise<void> =>
  effects[step.kind](step, signal)

/** What becomes of a rollout that did not get to its end. */
async function settle(needs: RolloutNeeds, work: Work, run: Run, error: unknown): Promise<RolloutRecord | undefined> {
  const { journal, emit } = needs
  const { workload } = work.plan
  const { id } = run.entry().record
  const journaled = journal.entries().some(({ record }) => record.id === id)
  if (run.signal.aborted) return run.signal.reason === superseded && journaled ? run.entry().record : undefined
  if (error instanceof Ended) {
    await run.effects.prove({ kind: 'prove', slots: work.targets.map(({ mount }) => mount.slot) }, run.signal)
    emit({ kind: 'rollout.ended', workload, rollout: id, message: error.message })
    return await journal.end(id, 'ended', error.message)
  }
  if (!isFailure(error) || !journaled) throw error
  return await failed(needs, work, run, error)
}

async function failed(needs: RolloutNeeds, work: Work, run: Run, failure: Failure): Promise<RolloutRecord | undefined> {
  const { code, what } = failure
  await run.note({ phase: 'back', failure: { code, message: what } })
  checkpoint('rollout.back')
  return await goBack(needs, failedOf(work, run))
}

const failedOf = ({ targets, signal }: Work, run: Run): Failed => ({
  run,
  targets,
  ...(signal !== undefined && { told: signal }),
})
