import type { CheckLine } from '../core/api.ts'
import { printable } from '../core/failure.ts'
import { type AgentFacts, type AgentFactsNeeds, gatherAgentFacts } from './agent-facts.ts'

/** What the agent answers to `GET /v1/checks`: doctor's half that only the agent can see. Throws only the signal's reason. */
export function createChecks(needs: AgentFactsNeeds): (signal?: AbortSignal) => Promise<CheckLine[]> {
  return async (signal = new AbortController().signal) => judgeAgent(await gatherAgentFacts(needs, signal))
}

/** Least memory the agent should be given (the bench's goal for 10,000 secrets, and room for one more set). */
const leastMemory = 256 * 1024 ** 2

/** The oldest engine that this version supports. */
const oldest = [20, 10] as const

/** One line for each assumption about the agent that this version rests on. Pure. */
export function judgeAgent(facts: AgentFacts): CheckLine[] {
  return [
    ram(facts),
    swap(facts),
    coreDumps(facts),
    memory(facts),
    vault(facts),
    engine(facts),
    plugin(facts),
    events(facts),
  ]
}

const ok = (name: string, found: string): CheckLine => ({ name, state: 'ok', found })
const warn = (name: string, found: string, remedy: string): CheckLine => ({ name, state: 'warn', found, remedy })
const fail = (name: string, found: string, remedy: string): CheckLine => ({ name, state: 'fail', found, remedy })

function ram({ ram: { kind }, swapActive }: AgentFacts): CheckLine {
  const name = 'values in RAM'
  if (kind === 'noswap') return ok(name, 'tmpfs that the kernel never swaps (noswap)')
  const newer = 'Linux 6.4 or newer mounts tmpfs that is never swapped (noswap)'
  if (kind === 'ramfs') return warn(name, 'ramfs: never swapped, but the kernel enforces no size', newer)
  if (!swapActive) return ok(name, 'tmpfs; no swap is active')
  return fail(name, 'tmpfs of before swap was switched on may be swapped', `swapoff -a, or restart this host; ${newer}`)
}

function swap({ swapActive, swapLimit }: AgentFacts): CheckLine {
  if (!swapActive) return ok('swap', 'none is active')
  if (swapLimit === 0) return ok('swap', 'active, but not for the agent (its group may not swap)')
  return fail(
    'swap',
    "active, and the agent's own memory may be written to it",
    'run the agent by dso.service (MemorySwapMax=0), or switch swap off',
  )
}

function coreDumps({ coreFilter, coreLimit }: AgentFacts): CheckLine {
  if (coreFilter !== '') {
    return fail(
      'core dumps',
      `of the agent hold its memory (coredump_filter ${coreFilter})`,
      'start the agent again where /proc is writable',
    )
  }
  return ok('core dumps', `of the agent hold no memory (filter 0, size limit ${coreLimit})`)
}

function memory({ memoryLimit }: AgentFacts): CheckLine {
  if (memoryLimit === undefined) return ok('memory limit', 'none is set for the agent')
  const found = `${Math.round(memoryLimit / 1024 ** 2)} MiB for the agent and the values it delivers`
  if (memoryLimit >= leastMemory) return ok('memory limit', found)
  return warn(
    'memory limit',
    found,
    'give it 256 MiB or more (MemoryMax= of dso.service): a start of a container fails when RAM ends',
  )
}

function vault({ vault: { state, identity, message } }: AgentFacts): CheckLine {
  const by = printable(identity.replace(/^key: /, ''))
  if (state === 'locked')
    return fail('vault key', `the vault is locked (${printable(message ?? by)})`, 'docker dso unlock')
  if (state === 'refused') {
    return fail(
      'vault key',
      `the vault is refused: ${printable(message ?? by)}`,
      'put the right file or key back; docs/local-vault.md says which',
    )
  }
  if (by.includes('credential')) return ok('vault key', `${by}: secure, outside the disk's reach when sealed by a TPM`)
  if (by === 'passphrase')
    return ok('vault key', 'passphrase: secure as far as it is long; starts after a reboot wait for docker dso unlock')
  return ok('vault key', `${by}: 256 bits, root's alone; keep it out of the backup that holds the vault`)
}

function engine({ engineVersion }: AgentFacts): CheckLine {
  if (engineVersion === undefined) {
    return fail(
      'docker engine',
      'it does not answer',
      'start Docker: systemctl start docker; the agent connects by itself',
    )
  }
  const found = printable(engineVersion)
  const [major = 0, minor = 0] = engineVersion.split('.').map((part) => Number.parseInt(part, 10) || 0)
  if (major > oldest[0] || (major === oldest[0] && minor >= oldest[1])) return ok('docker engine', found)
  return fail('docker engine', `${found} is older than ${oldest.join('.')}`, 'install a newer Docker Engine')
}

function plugin({ pluginListed }: AgentFacts): CheckLine {
  if (pluginListed === true) return ok('docker plugin', 'dockerd lists the volume driver dso')
  if (pluginListed === undefined)
    return warn('docker plugin', 'unknown, as Docker does not answer', 'start Docker and look again')
  return fail(
    'docker plugin',
    'dockerd does not list the volume driver dso',
    'the agent and dockerd must see the same /run/docker/plugins: run neither in a mount namespace of its own',
  )
}

function events({ connected }: AgentFacts): CheckLine {
  if (connected) return ok('docker events', 'connected')
  return fail(
    'docker events',
    'not connected: changes are delivered late',
    'see the log of the agent: journalctl -u dso',
  )
}
