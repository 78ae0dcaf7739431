import { readFile } from 'node:fs/promises'
import type { Engine } from '../docker/engine-types.ts'
import type { RamState } from '../host/ram.ts'
import { groupLimits } from './group-limits.ts'

/** What the agent's half of doctor judges. Value-free. */
export interface AgentFacts {
  readonly ram: { readonly kind: RamState; readonly bytes: number }
  readonly swapActive: boolean
  /** Bytes of this process's group that the kernel may swap out; undefined: no limit is set. */
  readonly swapLimit: number | undefined
  /** Bytes of memory that the group may use; undefined: no limit is set. */
  readonly memoryLimit: number | undefined
  /** /proc/self/coredump_filter, without its leading zeros: empty when nothing is written. */
  readonly coreFilter: string
  readonly coreLimit: string
  readonly vault: { readonly state: 'ok' | 'locked' | 'refused'; readonly identity: string; readonly message?: string }
  /** Whether the stream of Docker's events is open. */
  readonly connected: boolean
  /** `28.5.2`; undefined: it did not answer. */
  readonly engineVersion: string | undefined
  /** Whether dockerd lists the driver `dso` among its volume plugins; undefined: it did not answer. */
  readonly pluginListed: boolean | undefined
}

export interface AgentFactsNeeds {
  readonly engine: Pick<Engine, 'json' | 'version'>
  readonly ram: () => AgentFacts['ram']
  readonly vault: () => AgentFacts['vault']
  readonly connected: () => boolean
}

/** Longest wait for one answer of Docker. */
const patienceMs = 3000

/** Looks at this process, its group and Docker. Throws only the signal's reason. */
export async function gatherAgentFacts(needs: AgentFactsNeeds, signal: AbortSignal): Promise<AgentFacts> {
  const limits = await groupLimits(await text('/proc/self/cgroup'), text)
  const [engineVersion, listed] = await Promise.all([
    within(signal, async (soon) => (await needs.engine.version(soon)).version),
    within(signal, (soon) => pluginListed(needs.engine, soon)),
  ])
  const facts = {
    ram: needs.ram(),
    swapActive: (await text('/proc/swaps')).trim().split('\n').length > 1,
    swapLimit: limits.swap,
    memoryLimit: limits.memory,
    coreFilter: (await text('/proc/self/coredump_filter')).trim().replace(/^0+/, ''),
    coreLimit: /^Max core file size\s+(\S+)/m.exec(await text('/proc/self/limits'))?.[1] ?? 'unknown',
    vault: needs.vault(),
    connected: needs.connected(),
    engineVersion,
    pluginListed: listed,
  }
  signal.throwIfAborted()
  return facts
}

/** dockerd looks for plugins when it lists volumes, and tells afterwards which it has met (moby, volume/drivers). */
async function pluginListed(engine: Pick<Engine, 'json'>, signal: AbortSignal): Promise<boolean> {
  await engine.json('/volumes', signal)
  const info = (await engine.json('/info', signal)) as { Plugins?: { Volume?: unknown } } | null
  const drivers = info?.Plugins?.Volume
  return Array.isArray(drivers) && drivers.includes('dso')
}

async function within<T>(signal: AbortSignal, ask: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
  try {
    return await ask(AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]))
  } catch {
    signal.throwIfAborted()
    return undefined
  }
}

const text = (file: string): Promise<string> => readFile(file, 'utf8').catch(() => '')
