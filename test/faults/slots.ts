import { readdirSync, readFileSync } from 'node:fs'
import type { Lab } from '../lab/lab.ts'

/** One directory under /run/dso/values as it is on the host. */
export interface Slot {
  readonly name: string
  /** What it remembers of itself; undefined: it was never given away. */
  readonly record: { readonly volume: string; readonly answeredAt: number; readonly everHeld: boolean } | undefined
  /** Directories of files, the current one among them. */
  readonly generations: number
  readonly held: boolean
}

const values = '/run/dso/values'

/** Every slot there is. */
export async function slots(lab: Lab): Promise<readonly Slot[]> {
  const held = await heldDevices(lab)
  const devices = new Map(mounts(lab.holder).map(({ place, device }) => [place, device]))
  return readdirSync(lab.path(values))
    .filter((name) => /^[0-9a-f]{32}$/.test(name))
    .map((name) => {
      const device = devices.get(`${values}/${name}/state`)
      const state = lab.path(`${values}/${name}/state`)
      return {
        name,
        record: recordIn(`${state}/mount.json`),
        generations: entries(`${state}/files`).filter((entry) => /^\.\.\d/.test(entry)).length,
        held: device !== undefined && held.has(device),
      }
    })
}

/** Devices of which something is mounted in a running container. */
async function heldDevices(lab: Lab): Promise<Set<string>> {
  const ids = (await lab.docker('ps', '-q')).split('\n').filter(Boolean)
  if (ids.length === 0) return new Set()
  const pids = (await lab.docker('inspect', '-f', '{{.State.Pid}}', ...ids)).split('\n').map(Number)
  return new Set(pids.flatMap((pid) => mounts(pid)).map(({ device }) => device))
}

function mounts(pid: number): { place: string; device: string }[] {
  try {
    const lines = readFileSync(`/proc/${pid}/mountinfo`, 'utf8').split('\n').filter(Boolean)
    return lines.map((line) => line.split(' ')).map(([, , device = '', , place = '']) => ({ place, device }))
  } catch {
    return []
  }
}

function recordIn(file: string): Slot['record'] {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Slot['record']
  } catch {
    return undefined
  }
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
