import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { type MountLine, readMounts } from '../host/mountinfo.ts'

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
 * A container that is being started sees, for moments, what dockerd has mounted for another one's `docker cp`: it is no
 * holder before it has a root of its own. Throws when /proc cannot be read.
 */
export async function findHolders(slots: ReadonlyMap<string, string>): Promise<ReadonlyMap<string, Holders>> {
  const found = new Map<string, Holders>()
  if (slots.size === 0) return found
  hostRoot ??= readMounts('self').findLast(({ mountPoint }) => mountPoint === '/')
  for (const pids of (await otherNamespaces()).values()) {
    const { devices, host } = viewOf(pids, slots, hostRoot)
    if (devices.size === 0) continue
    const container = host ? undefined : containerOf(pids)
    for (const device of devices) {
      const containers = found.get(device)?.containers ?? []
      found.set(device, { held: true, containers: container === undefined ? containers : [...containers, container] })
    }
    await turn()
  }
  return found
}

/** What `/` is in our own namespace. */
let hostRoot: MountLine | undefined

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

/** What one mount namespace shows. */
interface View {
  /** Devices of slots mounted in it. */
  readonly devices: ReadonlySet<string>
  /** It has the host's own root: a service, or a container that is being started and still sees all that dockerd sees. */
  readonly host: boolean
}

/** A process shows what lies below its own root: one that shows all of its namespace is enough. */
function viewOf(pids: readonly string[], slots: ReadonlyMap<string, string>, root: MountLine | undefined): View {
  const devices = new Set<string>()
  let host = false
  const wanted = { has: (device: string) => device === root?.device || slots.has(device) }
  for (const pid of pids) {
    const mounts = unlessEnded(() => readMounts(Number(pid), wanted))
    for (const mount of mounts ?? []) {
      host ||= mount.mountPoint === '/' && mount.device === root?.device && mount.root === root.root
      if (isHeld(mount, slots.get(mount.device))) devices.add(mount.device)
    }
    if (mounts && unlessEnded(() => readlinkSync(`/proc/${pid}/root`)) === '/') break
  }
  return { devices, host }
}

const isHeld = ({ root, mountPoint }: MountLine, slot: string | undefined): boolean =>
  slot !== undefined &&
  root.startsWith('/files') &&
  !mountPoint.endsWith(`/${slot}/files`) &&
  !mountPoint.endsWith(`/${slot}/stage`)

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
