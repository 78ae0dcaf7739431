import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { Failure } from '../core/failure.ts'
import { readMounts } from '../host/mountinfo.ts'

/**
 * Whether dockerd sees a read-only mount where it is told to find one: in a mount namespace of its own it may see an
 * empty, writable directory instead, and start a container with that. Throws Failure
 * NOT_RAM. Where no dockerd is found nothing can be compared and nothing is refused.
 */
export function createVisible(root: string): (place: string, device: string) => void {
  const own = readlinkSync('/proc/self/ns/mnt')
  let known: { readonly pid: number; readonly started: string; readonly apart: boolean } | undefined

  return (place, device) => {
    if (!known || startedAt(known.pid) !== known.started) {
      const pid = dockerdPid(root)
      if (pid === undefined) return
      known = { pid, started: startedAt(pid) ?? '', apart: namespaceOf(pid) !== own }
    }
    if (!known.apart) return
    const seen = readMounts(known.pid, new Set([device])).find(({ mountPoint }) => mountPoint === place)
    if (seen?.options.includes('ro') && seen.root === '/files') return
    throw new Failure(
      'NOT_RAM',
      'Docker runs in a mount namespace of its own and does not see the mounts of DSO',
      'take PrivateMounts=, ProtectSystem=, PrivateTmp= and MountFlags= out of docker.service',
    )
  }
}

/** As its pid file says, else by name. One of another host view (a test's, a container's) does not have our root. */
function dockerdPid(root: string): number | undefined {
  const written = Number(content('/var/run/docker.pid'))
  const pids = readdirSync('/proc')
    .filter((name) => /^[1-9]/.test(name))
    .map(Number)
  const first = Number.isInteger(written) && written > 0 ? [written] : []
  return [...first, ...pids].find((pid) => isDockerd(pid) && sees(pid, root))
}

/** The directory, whatever is mounted below it, from the host's own root: a link in another root would lead into ours. */
function sees(pid: number, root: string): boolean {
  const own = (path: string): boolean => {
    const [theirs, ours] = [statSync(`/proc/${pid}/root${path}`), statSync(path)]
    return theirs.dev === ours.dev && theirs.ino === ours.ino
  }
  try {
    return own('/') && own(root)
  } catch {
    return false
  }
}

function namespaceOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/mnt`)
  } catch {
    return undefined
  }
}

/** Root's: any user can give a process this name, and a namespace that lacks our mounts. */
const isDockerd = (pid: number): boolean =>
  content(`/proc/${pid}/comm`)?.trim() === 'dockerd' && /^Uid:\s+0\s/m.test(content(`/proc/${pid}/status`) ?? '')

/** The kernel's start time of a process (field 22 of stat): tells it from a later one of the same pid. */
function startedAt(pid: number): string | undefined {
  const stat = content(`/proc/${pid}/stat`)
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
}

function content(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
