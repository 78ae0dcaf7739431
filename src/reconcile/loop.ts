import { join } from 'node:path'
import type { PlanAnswer, RolloutRecord, SyncLine } from '../core/api.ts'
import type { Emit } from '../core/event.ts'
import { Failure } from '../core/failure.ts'
import type { Quarantined, ReadKey, Workload, World } from '../core/model.ts'
import type { Settings } from '../core/settings.ts'
import type { Plan } from '../core/step.ts'
import type { Delivery } from '../delivery/delivery.ts'
import type { Catalogue } from '../docker/catalogue.ts'
import { type Engine, isEngineError } from '../docker/engine.ts'
import { type ImageLabels, learnMissing } from '../docker/image-labels.ts'
import { observe } from '../docker/observe.ts'
import type { Generate } from '../store/generate.ts'
import type { Store } from '../store/store.ts'
import { claim, refresh } from './claim.ts'
import { createEnds } from './ends.ts'
import { createHealth } from './health.ts'
import { createJournal } from './journal.ts'
import { createKeep } from './keep.ts'
import { createPauses } from './pause.ts'
import { createQuarantine, type Quarantine } from './quarantine.ts'
import { createQueue, type Queue } from './queue.ts'
import { createReconcile, type Outcome } from './reconcile.ts'
import type { Refusals } from './refusals.ts'
import { createRejected } from './rejected.ts'
import { createRelease } from './release.ts'
import { createRendering } from './rendering.ts'
import { createRetry } from './retry.ts'
import { createRollouts } from './rollout.ts'
import { select } from './select.ts'
import { createStarts } from './starts.ts'
import { type State, stateOf } from './states.ts'
import { runSync, type SyncWish } from './sync.ts'
import { createTargets } from './targets.ts'
import { createTell } from './tell.ts'
import { runWake } from './wake.ts'

export interface LoopNeeds {
  readonly engine: Engine
  readonly delivery: Delivery
  readonly catalogue: Catalogue
  readonly imageLabels: ImageLabels
  readonly store: Pick<Store, 'onChange' | 'keep'>
  readonly generate: Generate
  readonly refusals: Refusals
  readonly settings: () => Settings
  readonly emit: Emit
  /** Value-free files, on disk. */
  readonly stateDir: string
  /** A tmpfs of the agent's own: the same files while the disk takes none. */
  readonly ramDir: string
}

/** What changes running containers (ARCHITECTURE.md, CHANGE), and starts those that wait for their secrets. */
export interface Loop {
  /** Runs until the signal, whose end leaves open rollouts to the next life. Never throws. */
  start(signal: AbortSignal): Promise<void>
  /** Looks at a workload soon; undefined: at all. */
  wake(workload?: Workload): void
  /** What would be done now; a plan without steps says why nothing is. Throws Failure AGENT_DOWN without Docker. */
  plan(target?: { readonly workload?: Workload; readonly read?: ReadKey }): Promise<PlanAnswer>
  sync(wish: SyncWish, line: (line: SyncLine) => void, signal: AbortSignal): Promise<void>
  pause(workload?: Workload): void
  resume(workload?: Workload): void
  /** `*` stands for all. */
  paused(): readonly string[]
  /** Newest first. */
  rollouts(workload?: Workload): readonly RolloutRecord[]
  quarantined(): readonly Quarantined[]
  avoid: Quarantine['avoid']
  stateOf(workload: Workload): State
}

const lookMs = 60_000

/** Reads what an earlier life of the agent left; `ramDir` must be there. */
export function createLoop(needs: LoopNeeds): Loop {
  const { engine, delivery, emit, settings, refusals } = needs
  const keep = createKeep({ disk: needs.stateDir, ram: join(needs.ramDir, 'loop'), emit })
  const journal = createJournal(keep)
  const quarantine = createQuarantine({ keep, emit })
  const pauses = createPauses({ keep, emit })
  const rejected = createRejected()
  const ends = createEnds()
  const rendering = createRendering(needs.generate)
  const health = createHealth({ engine, ends, settings })
  const targets = createTargets({ ...needs, rendering, quarantine })
  const retry = createRetry(emit)
  const life = new AbortController()
  let world: World | undefined
  let thorough = true

  const rollouts = createRollouts({
    ...{ engine, delivery, rendering, health, ends, journal, quarantine, rejected, emit },
    tell: createTell({ engine }),
    signal: () => life.signal,
    settled: (workload, record, error) => {
      if (error !== undefined) queue.later(workload, retry.failed(workload, error))
      else queue.wake({ workloads: [workload], quick: record?.outcome === 'applied' })
    },
  })
  const reconcile = createReconcile({
    ...{ targets, rollouts, journal, quarantine, rejected, pauses, delivery },
    settings,
    emit,
  })
  const starts = createStarts({ engine, refusals, targets, rendering, quarantine, ends, emit })
  const problem = (error: unknown) => {
    // Docker's absence is told by whoever listens to its events.
    if (!isEngineError(error)) emit({ kind: 'problem', where: 'the loop', message: retry.inWords(error) })
  }
  const release = createRelease({ ...needs, quarantined: quarantine.all, problem })
  const see = observe(engine, delivery.look)
  const look = async () => {
    const signal = AbortSignal.any([life.signal, AbortSignal.timeout(lookMs)])
    return claim(await see(signal), needs.imageLabels)
  }

  const looked = (seen: World) => {
    world = seen
    release(seen)
    // Known before dockerd boots again, when nobody can be asked.
    const images = seen.containers.map(({ imageId }) => imageId)
    void learnMissing(needs.imageLabels, images, engine, AbortSignal.any([life.signal, AbortSignal.timeout(lookMs)]))
    starts.look(seen, thorough, life.signal).catch(problem)
    thorough = false
  }
  const queue: Queue<Outcome> = createQueue<Outcome>({
    observe: look,
    refresh: (seen) => refresh(seen, delivery),
    select: (wake, seen) => select(wake, seen, { refusals, journal, quarantine, targets, failing: retry.failing() }),
    reconcile: reconcile.run,
    ran: retry.ran,
    looked,
    blind: problem,
  })
  const preview = (workload: Workload, seen: World) =>
    reconcile.preview(workload, seen, life.signal).catch((error: unknown): Plan => {
      const reason = retry.inWords(error)
      return { workload, cause: 'what it asks for cannot be had now', strategy: 'none', reason, steps: [] }
    })
  const ids = () => new Set(world?.containers.map(({ id }) => id))

  return {
    start: async (signal) => {
      signal.addEventListener('abort', () => life.abort(signal.reason), { once: true })
      if (signal.aborted) return
      const oldest = Math.min(...journal.entries().map(({ firstAt }) => firstAt))
      const wake = { ...needs, ends, wake: queue.wake, knows: (id: string) => ids().has(id) }
      const connected = () => {
        thorough = true
      }
      queue.start(life.signal)
      await runWake({ ...wake, connected }, Number.isFinite(oldest) ? oldest : undefined, life.signal)
      await Promise.allSettled(journal.entries().map(({ record }) => rollouts.of(record.workload)?.done))
    },
    wake: (workload) => queue.wake(workload === undefined ? { all: true } : { workloads: [workload] }),
    plan: async (target) => {
      const seen = await look().catch(unseen)
      const { workload, read } = target ?? {}
      const asked = { refusals, journal, quarantine, targets, failing: [] }
      const wanted = { ...(workload && { workloads: [workload] }), ...(read && { reads: [read] }) }
      const workloads = [...select(target ? wanted : { all: true }, seen, asked)]
      const plans = await Promise.all(workloads.map((one) => preview(one, seen)))
      return {
        plans: plans.filter((plan) => plan !== undefined),
        unchanged: workloads.filter((_, place) => plans[place] === undefined),
      }
    },
    sync: (wish, line, signal) => runSync({ queue, quarantine, rejected }, wish, line, signal),
    pause: pauses.pause,
    resume: (workload) => {
      pauses.resume(workload)
      queue.wake(workload === undefined ? { all: true } : { workloads: [workload] })
    },
    paused: pauses.all,
    rollouts: journal.records,
    quarantined: quarantine.all,
    avoid: quarantine.avoid,
    stateOf: (workload) =>
      stateOf(
        { world: () => world, behind: retry.behind, ...{ refusals, rollouts, quarantine, pauses, journal } },
        workload,
      ),
  }
}

const unseen = (): never => {
  throw new Failure('AGENT_DOWN', 'Docker does not answer, so nothing can be looked at', 'try again when Docker runs')
}
