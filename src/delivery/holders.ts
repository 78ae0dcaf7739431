import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { readMounts } from '../host/mountinfo.ts'

/** Who has a file system of ours mounted. */
export interface Holders {
  /** Ids of containers. */
  readonly containers: readonly string[]
  /** Somebody has, container or not. */
  readonly held: boolean
}

/** Processes looked at between two turns of the event loop. */
const atOnce = 200

/**
 * Reads who holds which of the slots, given by device: once per mount namespace other than our own, whatever process
 * stands for it. A container is told by its id in the process's cgroup, of either version. The host's tree seen from
 * another namespace (a service's, a container's that binds `/`) holds nothing: its mounts lie at places named like ours.
 * Throws when /proc cannot be read.
 */
export async function findHolders(slots: ReadonlyMap<string, string>): Promise<ReadonlyMap<string, Holders>> {
  const found = new Map<string, Holders>()
  if (slots.size === 0) return found
  for (const pids of (await otherNamespaces()).values()) {
    const devices = devicesHeld(pids, slots)
    if (devices.size === 0) continue
    const container = containerOf(pids)
    for (const device of devices) {
      const containers = found.get(device)?.containers ?? []
      found.set(device, { held: true, containers: container === undefined ? containers : [...containers, container] })
    }
    await turn()
  }
  return found
}

/** Processes by mount namespace. One that ends meanwhile is left out. */
async function otherNamespaces(): Promise<Map<string, string[]>> {
  const own = readlinkSync('/proc/self/ns/mnt')
  const namespaces = new Map<string, string[]>()
  let looked = 0
  for (const pid of readdirSync('/proc')) {
    if (!/^[1-9]/.test(pid)) continue
    const namespace = namespaceOf(pid)
    if (namespace !== undefined && namespace !== own) {
      const pids = namespaces.get(namespace)
      if (pids) pids.push(pid)
      else namespaces.set(namespace, [pid])
    }
    looked += 1
    if (looked % atOnce === 0) await turn()
  }
  return namespaces
}

/** Undefined for a process that has ended, and for one of the host that has more rights than we; of a container nothing may stay unseen. */
function namespaceOf(pid: string): string | undefined {
  try {
    return unlessEnded(() => readlinkSync(`/proc/${pid}/ns/mnt`))
  } catch (error) {
    if (idsIn(pid).length > 0) throw error
    return undefined
  }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** Devices of slots mounted in the namespace of these processes. A process shows what lies below its own root: one that shows all of it is enough. */
function devicesHeld(pids: readonly string[], slots: ReadonlyMap<string, string>): Set<string> {
  const held = new Set<string>()
  for (const pid of pids) {
    const mounts = unlessEnded(() => readMounts(Number(pid), slots))
    for (const { device, root, mountPoint } of mounts ?? []) {
      const slot = slots.get(device)
      const copied = mountPoint.endsWith(`/${slot}/files`) || mountPoint.endsWith(`/${slot}/stage`)
      if (root.startsWith('/files') && !copied) held.add(device)
    }
    if (mounts && unlessEnded(() => readlinkSync(`/proc/${pid}/root`)) === '/') break
  }
  return held
}

/** The id of the container that one of the processes runs in: 64 hex digits, other than those this process itself runs in. */
function containerOf(pids: readonly string[]): string | undefined {
  ownIds ??= new Set(idsIn('self'))
  for (const pid of pids) {
    const id = idsIn(pid).find((one) => !ownIds?.has(one))
    if (id !== undefined) return id
  }
  return undefined
}

let ownIds: Set<string> | undefined

const idsIn = (pid: string): string[] =>
  (unlessEnded(() => readFileSync(`/proc/${pid}/cgroup`, 'utf8')) ?? '').match(
    /(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/g,
  ) ?? []

/** What a process tells while it lives. Kernel threads and zombies have no namespace to tell. */
function unlessEnded<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EINVAL') return undefined
    throw error
  }
}
