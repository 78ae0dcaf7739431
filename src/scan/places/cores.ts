import { readdir, readFile, readlink } from 'node:fs/promises'
import type { Place } from './place.ts'

/** Where programs that the kernel hands cores to keep them: systemd-coredump, apport, abrt, kdump. */
const kept = ['/var/lib/systemd/coredump', '/var/crash', '/var/lib/apport/coredump', '/var/spool/abrt', '/var/tmp/abrt']

/** Core dumps: where the kernel's pattern puts them, and where those who are handed them keep them. */
export const cores: Place = {
  what: 'core dumps',
  search: async (looking) => {
    const pattern = (await readFile('/proc/sys/kernel/core_pattern', 'utf8').catch(() => '')).trim()
    if (pattern.startsWith('|') && !/systemd-coredump|apport|abrt/.test(pattern)) {
      looking.note(`not searched: core dumps go to ${pattern.slice(1).split(' ')[0]}, which keeps them where it likes`)
    }
    const { folder, isCore } = readPattern(pattern)
    const folders = folder === undefined ? await workingFolders() : folder === '' ? [] : [folder]
    for (const [done, one] of folders.entries()) {
      if (done % 20 === 0) looking.progress(done, folders.length)
      await looking.tree(one.what ?? '', one.path, { wanted: isCore, deep: one.deep ?? false })
    }
    for (const one of kept) await looking.tree('', one, { unpack: true })
  },
}

interface Folder {
  readonly path: string
  readonly what?: string
  readonly deep?: boolean
}

/** Where a pattern puts cores (`undefined`: where each process works; `''`: nowhere) and how they are named (core(5)). */
export function readPattern(pattern: string): { folder: Folder | undefined | ''; isCore: (name: string) => boolean } {
  const name = pattern.slice(pattern.lastIndexOf('/') + 1)
  const parts = name.split(/%[a-zA-Z]/).map((part) => part.replaceAll('%%', '%').replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  const form = new RegExp(`^${parts.join('.*')}(\\.[0-9]+)?$`)
  const isCore = (file: string) => form.test(file)
  if (pattern === '' || pattern.startsWith('|')) return { folder: '', isCore }
  if (!pattern.startsWith('/')) return { folder: undefined, isCore }
  const literal = pattern.split('%')[0] ?? ''
  const path = literal.slice(0, literal.lastIndexOf('/')) || '/'
  return { folder: { path, deep: path.length < pattern.lastIndexOf('/') }, isCore }
}

/** The working folders of all processes, each once, reached through the process: a container's is its own. */
async function workingFolders(): Promise<Folder[]> {
  const folders = new Map<string, Folder>()
  for (const pid of (await readdir('/proc')).filter((name) => /^[0-9]+$/.test(name))) {
    const path = `/proc/${pid}/cwd`
    const target = await readlink(path).catch(() => undefined)
    const root = await readlink(`/proc/${pid}/ns/mnt`).catch(() => undefined)
    if (target !== undefined)
      folders.set(`${root} ${target}`, { path, what: `core dump in ${target} of process ${pid}` })
  }
  return [...folders.values()]
}
