import type { Workload, World } from '../core/model.ts'

/** Who is to be looked at. */
export interface Wake {
  readonly all?: boolean
  readonly workloads?: readonly Workload[]
  readonly reads?: readonly string[]
  /** Container ids. */
  readonly containers?: readonly string[]
  /** What the last look found will do: nothing but values has changed since, as far as anybody knows. */
  readonly quick?: boolean
}

/** What one run of one workload came to. */
export type Run<T> = { readonly outcome: T } | { readonly error: unknown }

export interface QueueNeeds<T> {
  readonly observe: (signal: AbortSignal) => Promise<World>
  /** The last look again, with what is in the mounts now. */
  readonly refresh: (world: World) => World
  /** The workloads that a wake is about, by what is there. */
  readonly select: (wake: Wake, world: World) => Iterable<Workload>
  readonly reconcile: (workload: Workload, world: World, signal: AbortSignal) => Promise<T>
  /** Called after each run. Milliseconds until the workload is to be looked at again; undefined: when something wakes it. */
  readonly ran: (workload: Workload, run: Run<T>) => number | undefined
  /** Called after each look at the host. */
  readonly looked: (world: World) => void
  /** The host could not be looked at: the wakes stay, and it is tried again. */
  readonly blind: (error: unknown) => void
}

/**
 * Wakes in, reconciles out: at most one at a time for a workload, many workloads beside each other, and every wake is
 * answered by a look at the host that began after it, or by the last one if that will do. Wakes that come together share it.
 */
export interface Queue<T> {
  wake(wake: Wake): void
  /** The same, and what came of it for each workload that it was about. Rejects when the host cannot be looked at. */
  ask(wake: Wake): Promise<ReadonlyMap<Workload, Run<T>>>
  /** Looks at a workload again after so long, unless something wakes it before. */
  later(workload: Workload, ms: number): void
  start(signal: AbortSignal): void
}

interface Asked<T> {
  readonly wake: Wake
  readonly selected: (runs: ReadonlyMap<Workload, Promise<Run<T>>>) => void
  readonly blind: (error: unknown) => void
}

const atOnce = 16
const blindMs = 1_000

export function createQueue<T>(needs: QueueNeeds<T>): Queue<T> {
  let life: AbortSignal | undefined
  let asked: Asked<T>[] = []
  let draining = false
  let looks = 0
  let latest: { readonly world: World; readonly look: number } | undefined
  const ready = new Map<Workload, PromiseWithResolvers<Run<T>>>()
  const busy = new Set<Workload>()
  /** The look that was under way when a workload's last run ended: what it saw may be older than that run. */
  const ended = new Map<Workload, number>()
  const timers = new Map<Workload, NodeJS.Timeout>()

  const nextRun = (workload: Workload): Promise<Run<T>> => {
    const run = ready.get(workload) ?? Promise.withResolvers<Run<T>>()
    ready.set(workload, run)
    return run.promise
  }

  const drain = async (signal: AbortSignal) => {
    while (asked.length > 0 && !signal.aborted) {
      const batch = asked
      asked = []
      looks += 1
      const look = looks
      try {
        const quick = latest !== undefined && batch.every(({ wake }) => wake.quick === true)
        const world = quick ? needs.refresh(latest!.world) : await needs.observe(signal)
        latest = { world, look }
        for (const { wake, selected } of batch) {
          selected(new Map([...needs.select(wake, world)].map((workload) => [workload, nextRun(workload)])))
        }
        if (!quick) needs.looked(world)
        runReady(signal)
      } catch (error) {
        if (signal.aborted) return
        needs.blind(error)
        for (const one of batch) one.blind(error)
        wakeWith({ all: true })
        await new Promise((resolve) => setTimeout(resolve, blindMs))
      }
    }
  }

  const runReady = (signal: AbortSignal) => {
    for (const [workload, run] of ready) {
      if (busy.size >= atOnce) return
      if (busy.has(workload) || signal.aborted || !latest) continue
      ready.delete(workload)
      if ((ended.get(workload) ?? 0) >= latest.look) {
        wakeWith({ workloads: [workload] }, (runs) => void runs.get(workload)?.then(run.resolve))
        continue
      }
      busy.add(workload)
      clearTimeout(timers.get(workload))
      void runOne(workload, latest.world, signal).then((result) => {
        busy.delete(workload)
        ended.set(workload, looks)
        const againMs = needs.ran(workload, result)
        if (againMs !== undefined) later(workload, againMs)
        run.resolve(result)
        runReady(signal)
      })
    }
  }

  const runOne = async (workload: Workload, world: World, signal: AbortSignal): Promise<Run<T>> => {
    try {
      return { outcome: await needs.reconcile(workload, world, signal) }
    } catch (error) {
      return { error }
    }
  }

  const wakeWith = (wake: Wake, selected: Asked<T>['selected'] = () => {}, blind: Asked<T>['blind'] = () => {}) => {
    asked.push({ wake, selected, blind })
    if (draining || !life) return
    draining = true
    const signal = life
    // Wakes of one turn of the event loop share the look.
    setImmediate(() => {
      void drain(signal).finally(() => {
        draining = false
        if (asked.length > 0 && !signal.aborted) wakeWith({})
      })
    })
  }

  const later = (workload: Workload, ms: number) => {
    clearTimeout(timers.get(workload))
    if (life?.aborted) return
    timers.set(workload, setTimeout(() => wakeWith({ workloads: [workload] }), ms).unref())
  }

  return {
    wake: (wake) => wakeWith(wake),
    ask: async (wake) => {
      const selected = Promise.withResolvers<ReadonlyMap<Workload, Promise<Run<T>>>>()
      wakeWith(wake, selected.resolve, selected.reject)
      const runs = await selected.promise
      return new Map(await Promise.all([...runs].map(async ([workload, run]) => [workload, await run] as const)))
    },
    later,
    start: (signal) => {
      life = signal
      signal.addEventListener('abort', () => timers.forEach((timer) => void clearTimeout(timer)), { once: true })
      wakeWith({ all: true })
    },
  }
}
