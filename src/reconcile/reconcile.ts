import type { Emit } from '../core/event.ts'
import type { ObservedMount, Workload, World } from '../core/model.ts'
import { isChanged, isOpen, makePlan, type Target } from '../core/plan.ts'
import type { Settings } from '../core/settings.ts'
import type { Plan } from '../core/step.ts'
import type { Delivery } from '../delivery/delivery.ts'
import type { Entry, Journal } from './journal.ts'
import type { Pauses } from './pause.ts'
import type { Quarantine } from './quarantine.ts'
import type { Rejected } from './rejected.ts'
import type { Rollout, Rollouts } from './rollout.ts'
import { newestEntry, takeUp } from './take-up.ts'
import { foreignHolders, type Targets, type Wish } from './targets.ts'

/** What a reconcile came to. */
export interface Outcome {
  /** The rollout that is open now, begun here or before. */
  readonly rollout?: Rollout
  readonly begun: boolean
  /** Look again after so long: changes are being gathered. */
  readonly againMs?: number
  /** Look again at once: what was seen has changed meanwhile. */
  readonly stale?: boolean
  /** Why running containers keep something else than what is wanted. */
  readonly behind?: string
}

export interface ReconcileNeeds {
  readonly targets: Targets
  readonly rollouts: Rollouts
  readonly journal: Journal
  readonly quarantine: Pick<Quarantine, 'all'>
  readonly rejected: Rejected
  readonly pauses: Pick<Pauses, 'holds'>
  readonly delivery: Pick<Delivery, 'empty' | 'prove'>
  readonly settings: () => Settings
  readonly emit: Emit
}

export interface Reconcile {
  /**
   * Makes one workload match what it asks for. Knows nothing of what woke it. Returns when the files have changed; the
   * watch goes on. Throws Failure when some wish cannot be had (what can be done is done), and what the engine throws.
   */
  run(workload: Workload, world: World, signal: AbortSignal): Promise<Outcome>
  /** What `run` would do now; undefined: nothing differs. Without steps, `reason` says why nothing is done. Throws as it does. */
  preview(workload: Workload, world: World, signal: AbortSignal): Promise<Plan | undefined>
}

export function createReconcile(needs: ReconcileNeeds): Reconcile {
  const gather = gathering()
  return {
    run: async (workload, world, signal) => {
      const mounts = world.mounts.filter((mount) => mount.workload === workload)
      await expel(needs, mounts)
      const entry = await newestEntry(needs.journal, workload)
      const open = needs.rollouts.of(workload)
      if (!open && (await takeUp(needs, { workload, mounts, entry }))) return { begun: false, stale: true }
      const wish = await needs.targets.of(workload, world, signal)
      const outcome = await act(needs, { workload, mounts, wish, open, entry }, gather)
      if (wish.failure) throw wish.failure
      return outcome
    },
    preview: async (workload, world, signal) => {
      const mounts = world.mounts.filter((mount) => mount.workload === workload)
      const wish = await needs.targets.of(workload, world, signal)
      if (wish.failure) throw wish.failure
      const matter = { workload, mounts, wish, open: needs.rollouts.of(workload), entry: undefined }
      const { plan, behind } = decide(needs, matter)
      if (plan.steps.length === 0 && behind === undefined) return undefined
      return behind === undefined ? plan : { ...plan, reason: behind }
    },
  }
}

interface Matter {
  readonly workload: Workload
  readonly mounts: readonly ObservedMount[]
  readonly wish: Wish
  readonly open: Rollout | undefined
  readonly entry: Entry | undefined
}

/** What is to be done, for which targets, and what keeps the rest from being done. */
function decide(needs: ReconcileNeeds, matter: Matter) {
  const { workload, wish, open } = matter
  const hindered = wish.targets.filter(isChanged).map((target) => hindrance(needs, workload, target))
  const held = wish.targets.map((target) =>
    hindrance(needs, workload, target) === undefined ? target : { ...target, wanted: target.mount.generation },
  )
  const targets = [...held, ...wish.kept, ...(open ? [] : abandoned(matter))]
  const { rotation } = wish
  const standard = needs.settings().rotation.default
  const plan = makePlan({ workload, targets, rotation, standard })
  const left = plan.strategy === 'none' && hindered.length > 0 ? plan.reason : undefined
  const behind = hindered.find((why) => why !== undefined) ?? left
  const cause =
    behind === undefined ? plan.cause : makePlan({ workload, targets: wish.targets, rotation, standard }).cause
  return { plan: { ...plan, cause }, targets, behind }
}

async function act(needs: ReconcileNeeds, matter: Matter, gather: Gather): Promise<Outcome> {
  const { workload, wish, open, entry } = matter
  const { plan, targets, behind } = decide(needs, matter)
  const outcome = { begun: false, ...(behind !== undefined && { behind }) }
  if (open && !hasMoved(open, unhindered(needs, matter))) return { ...outcome, rollout: open }
  if (plan.steps.length === 0) return outcome
  const { rotation } = wish
  const againMs = gather(workload, plan, rotation.gatherMs ?? needs.settings().rotation.gatherMs)
  if (againMs > 0) return { ...outcome, againMs }
  const ended = open && (await needs.rollouts.supersede(open))
  if (open && ended?.outcome !== 'open' && ended?.outcome !== 'applied') return { ...outcome, stale: true }
  const isProved = ended?.outcome === 'applied'
  const before = isProved ? undefined : (open?.entry() ?? entry)
  const rollout = needs.rollouts.begin({
    plan,
    targets: targets
      .filter((target) => isChanged(target) || isOpen(target.mount))
      .map((target) => (isProved ? nowProved(target) : target)),
    ids: new Map([...(before?.moved.map((one) => [one.container, one.containerId] as const) ?? []), ...wish.ids]),
    ...(rotation.strategy.kind === 'signal' && { signal: rotation.strategy.signal }),
    ...(before && { before }),
  })
  await rollout.moved
  return { ...outcome, rollout, begun: true }
}

/** The watch had just ended well: what is in the files is the way back now. */
const nowProved = (target: Target): Target => ({
  ...target,
  mount: { ...target.mount, proved: target.mount.generation },
})

const unhindered = (needs: ReconcileNeeds, { workload, wish }: Matter): readonly Target[] =>
  wish.targets.filter((target) => hindrance(needs, workload, target) === undefined)

/** Whether something else is wanted than what the open rollout brings. What started meanwhile waits for its end. */
function hasMoved(open: Rollout, targets: readonly Target[]): boolean {
  const { moved } = open.entry()
  return targets.some(({ mount, wanted }) =>
    moved.some(({ slot, to }) => slot === mount.slot && to !== wanted.fingerprint),
  )
}

/** Why a running container is not to be given what it wants; undefined: it is. */
function hindrance(
  { pauses, rejected }: ReconcileNeeds,
  workload: Workload,
  { mount, wanted }: Target,
): string | undefined {
  if (pauses.holds(workload)) return `paused: docker dso resume ${workload}`
  if (foreignHolders(mount).length > 0) return 'another container holds its files'
  const why = rejected.why(workload, wanted.fingerprint)
  return why === undefined
    ? undefined
    : `it was tried and taken back (${why}); try again: docker dso sync ${workload} --retry`
}

/** Open mounts that nobody holds: their container has ended, and the watch finds out how. */
function abandoned({ mounts, wish, entry }: Matter): readonly Target[] {
  return mounts.flatMap((mount) => {
    const known = [...wish.targets, ...wish.kept].some((target) => target.mount.slot === mount.slot)
    if (!isOpen(mount) || known) return []
    const named = entry?.moved.find(({ slot }) => slot === mount.slot)
    return [{ mount, container: named?.container ?? mount.authorised[0] ?? mount.slot, wanted: mount.generation }]
  })
}

/** Takes the values out of a directory that somebody holds who was not authorised. */
async function expel({ delivery, emit }: ReconcileNeeds, mounts: readonly ObservedMount[]): Promise<void> {
  for (const mount of mounts) {
    const [holder] = foreignHolders(mount)
    if (holder === undefined || mount.generation.bindings.length === 0) continue
    await delivery.empty(mount.slot)
    emit({ kind: 'mount.foreign', workload: mount.workload, volume: mount.volume, holder: holder.slice(0, 12) })
  }
}

type Gather = (workload: Workload, plan: Plan, gatherMs: number) => number

/** Milliseconds to wait before this plan is carried out, counted from when its workload first had something to do. */
function gathering(): Gather {
  const since = new Map<Workload, number>()
  return (workload, { steps }, gatherMs) => {
    const now = performance.now()
    const begun = since.get(workload) ?? now
    const leftMs = steps.some(({ kind }) => kind === 'renew') ? begun + gatherMs - now : 0
    if (leftMs > 0) since.set(workload, begun)
    else since.delete(workload)
    return leftMs
  }
}
