import { join } from 'node:path'

/** Limits in bytes; undefined: none is set. */
export interface GroupLimits {
  readonly memory: number | undefined
  /** How much of it may be swapped out. */
  readonly swap: number | undefined
}

/** The content of a file, empty when it cannot be read. */
type Read = (file: string) => Promise<string>

/**
 * The least limits of a process's memory group and the groups above it. `groups` is its /proc/PID/cgroup; both versions
 * of cgroups, also side by side (cgroups(7)).
 */
export async function groupLimits(groups: string, read: Read): Promise<GroupLimits> {
  const lines = groups.trim().split('\n')
  const first = lines.find((line) => line.split(':')[1]?.split(',').includes('memory'))
  if (first !== undefined) return limitsOfVersion1(first.split(':').slice(2).join(':'), read)
  const path = lines.find((line) => line.startsWith('0::'))?.slice('0::'.length) ?? '/'
  const at = (file: string) => least('/sys/fs/cgroup', path, file, read)
  return { memory: await at('memory.max'), swap: await at('memory.swap.max') }
}

/** Version 1 limits memory and swap together, and by `swappiness` 0 keeps a group out of swap. */
async function limitsOfVersion1(path: string, read: Read): Promise<GroupLimits> {
  const root = '/sys/fs/cgroup/memory'
  const memory = await least(root, path, 'memory.limit_in_bytes', read)
  const both = await least(root, path, 'memory.memsw.limit_in_bytes', read)
  const swappiness = await number(join(root, path, 'memory.swappiness'), read)
  return { memory, swap: swappiness === 0 ? 0 : both === undefined ? undefined : Math.max(0, both - (memory ?? 0)) }
}

async function least(root: string, path: string, file: string, read: Read): Promise<number | undefined> {
  const parts = path.split('/').filter(Boolean)
  const folders = parts.map((_, index) => join(root, ...parts.slice(0, parts.length - index)))
  const limits = await Promise.all([...folders, root].map((folder) => number(join(folder, file), read)))
  const set = limits.filter((limit) => limit !== undefined)
  return set.length === 0 ? undefined : Math.min(...set)
}

/** `max`, absent and version 1's huge number are no limit. */
async function number(file: string, read: Read): Promise<number | undefined> {
  const content = (await read(file)).trim()
  const value = Number(content)
  return content === '' || !Number.isFinite(value) || value > 2 ** 60 ? undefined : value
}
