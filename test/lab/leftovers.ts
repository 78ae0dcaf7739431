import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  statSync,
} from 'node:fs'
import { eventually } from './eventually.ts'

/** Where lab folders lie: on a disk, because the engine's overlays cannot lie on a tmpfs of an overlay. */
export const labsFolder = '/var/tmp'

/** The beginning of every lab folder's name. */
export const labPrefix = 'dso-lab-'

/** A process, safe against its number being given to another one. */
export interface Identity {
  readonly pid: number
  readonly started: string
}

/** What is written in a lab's folder, enough to clear it away. */
export interface LabRecord {
  readonly id: string
  readonly folder: string
  readonly keeper: Identity
  readonly holder: Identity
  readonly namespace: string
  readonly cgroup: string
}

/** Names the process with this number, or nothing when there is none (or only its remains). */
export function identify(pid: number): Identity | undefined {
  const fields = stat(pid)
  return fields && fields.state !== 'Z' ? { pid, started: fields.started } : undefined
}

/** True when that very process runs. */
export const alive = (who: Identity): boolean => identify(who.pid)?.started === who.started

/** The mount namespace of a process. */
export const mountNamespace = (pid: number): string => readlinkSync(`/proc/${pid}/ns/mnt`)

/**
 * Ends every process of the lab, removes its cgroups and its folder.
 * While its holder lives, the namespace is the lab's for sure; later its number may be another's, and a process
 * counts only when it also carries the lab's name in its environment.
 */
export async function clear(lab: LabRecord): Promise<void> {
  const pin = pinned(lab)
  try {
    await eventually(
      () => {
        const pids = members(lab, pin !== undefined)
        for (const pid of pids) kill(pid)
        return pids.length === 0
      },
      { what: `end of the processes of lab ${lab.id}`, deadlineMs: 20_000 },
    )
  } finally {
    if (pin !== undefined) closeSync(pin)
  }
  await eventually(() => removeCgroups(lab.cgroup), { what: `end of the cgroups of lab ${lab.id}` })
  await eventually(() => rmSync(lab.folder, { recursive: true, force: true }), { what: `removal of ${lab.folder}` })
}

/** Holds the lab's namespace open while its holder lives, so that its number is nobody else's until it is closed. */
function pinned(lab: LabRecord): number | undefined {
  if (!alive(lab.holder)) return undefined
  try {
    const pin = openSync(`/proc/${lab.holder.pid}/ns/mnt`, 'r')
    if (alive(lab.holder)) return pin
    closeSync(pin)
  } catch {
    // It has ended meanwhile.
  }
  return undefined
}

/** Clears the labs whose keeper is gone; returns their names. */
export async function sweep(): Promise<string[]> {
  const swept: string[] = []
  for (const name of readdirSync(labsFolder).filter((entry) => entry.startsWith(labPrefix))) {
    const folder = `${labsFolder}/${name}`
    const record = readRecord(folder)
    if (record ? alive(record.keeper) : young(folder)) continue
    if (record) await clear(record)
    else rmSync(folder, { recursive: true, force: true })
    swept.push(name)
  }
  return swept
}

function readRecord(folder: string): LabRecord | undefined {
  try {
    return JSON.parse(readFileSync(`${folder}/lab.json`, 'utf8')) as LabRecord
  } catch {
    return undefined
  }
}

/** A folder without a record may belong to a lab that is just being made. */
function young(folder: string): boolean {
  try {
    return Date.now() - statSync(folder).mtimeMs < 60_000
  } catch {
    return true
  }
}

/** The processes in the lab's mount namespace, all their descendants, and those in the lab's cgroups. */
function members(lab: LabRecord, sure: boolean): number[] {
  const found = new Set<number>(cgroupMembers(lab.cgroup))
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    const fields = Number.isInteger(pid) ? stat(pid) : undefined
    if (!fields || fields.state === 'Z') continue
    children.set(fields.parent, [...(children.get(fields.parent) ?? []), pid])
    if (inNamespace(pid, lab.namespace) && (sure || marked(pid, lab.id))) found.add(pid)
  }
  const queue = [...found]
  for (let pid = queue.pop(); pid !== undefined; pid = queue.pop()) {
    for (const child of children.get(pid) ?? []) {
      if (!found.has(child)) queue.push(child)
      found.add(child)
    }
  }
  return [...found].filter((pid) => pid > 1 && identify(pid) !== undefined)
}

function inNamespace(pid: number, namespace: string): boolean {
  try {
    return mountNamespace(pid) === namespace
  } catch {
    return false
  }
}

function marked(pid: number, id: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`DSO_LAB=${id}`)
  } catch {
    return false
  }
}

function stat(pid: number): { state: string; parent: number; started: string } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The program's name stands in parentheses and may hold anything.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return { state: fields[0] ?? '', parent: Number(fields[1]), started: fields[19] ?? '' }
  } catch {
    return undefined
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}

/** The lab's folder in each cgroup hierarchy (version 1) or in the only one (version 2), deepest folders first. */
function cgroupFolders(cgroup: string): string[] {
  const top = '/sys/fs/cgroup'
  const roots = existsSync(`${top}/cgroup.procs`) ? [top] : readdirSync(top).map((name) => `${top}/${name}`)
  return roots.map((root) => `${root}/${cgroup}`).flatMap(deepestFirst)
}

function deepestFirst(folder: string): string[] {
  if (!existsSync(folder)) return []
  const inner = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  return [...inner.flatMap((entry) => deepestFirst(`${folder}/${entry.name}`)), folder]
}

function cgroupMembers(cgroup: string): number[] {
  return cgroupFolders(cgroup).flatMap((folder) => {
    try {
      return readFileSync(`${folder}/cgroup.procs`, 'utf8').split('\n').filter(Boolean).map(Number)
    } catch {
      return []
    }
  })
}

function removeCgroups(cgroup: string): void {
  for (const folder of cgroupFolders(cgroup)) rmdirSync(folder)
}
