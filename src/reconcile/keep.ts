import { mkdirSync, readdirSync } from 'node:fs'
import { rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type * as z from 'zod'
import type { Emit } from '../core/event.ts'
import { readState, writeState } from '../host/files.ts'

/** Value-free state files of the loop: on disk, or on tmpfs while the disk takes none. */
export interface Keep {
  /** What was last written under `name`; undefined when nothing was, or when it is not of this shape (told as `problem`). */
  read<T>(name: string, shape: z.ZodType<T>): T | undefined
  /** File names in a folder of state files. */
  list(folder: string): readonly string[]
  /**
   * Returns when it is written. Never throws: what neither disk nor tmpfs takes is told as `problem` and lost with this
   * process. `survives` names the event that it must outlive: `crash` of the agent, or also `power` loss.
   */
  write(name: string, state: unknown, survives: 'crash' | 'power'): Promise<void>
  remove(name: string): Promise<void>
}

/** While the disk refuses, a file has a newer copy on tmpfs, which goes when the disk takes it again. */
export function createKeep(o: { readonly disk: string; readonly ram: string; readonly emit: Emit }): Keep {
  const problem = (message: string) => o.emit({ kind: 'problem', where: o.disk, message })
  const onRam = new Set<string>(names(o.ram))
  let told = false

  const writers = { crash: replace, power: writeState }
  const writeOnRam = async (name: string, state: unknown, error: unknown) => {
    if (!told) problem(`cannot be written (${codeOf(error)}): its state is kept in RAM until it can`)
    told = true
    onRam.add(name)
    await replace(join(o.ram, name), state).catch((refused) => problem(`${name} is kept nowhere (${codeOf(refused)})`))
  }

  return {
    read: (name, shape) => {
      for (const root of [o.ram, o.disk]) {
        const state = readState(join(root, name), problem)
        if (state === undefined) continue
        const parsed = shape.safeParse(state)
        if (parsed.success) return parsed.data
        problem(`${name} does not hold what this version writes there: going on without it`)
      }
      return undefined
    },
    list: (folder) => [...new Set([...names(join(o.disk, folder)), ...names(join(o.ram, folder))])],
    write: async (name, state, survives) => {
      try {
        await writers[survives](join(o.disk, name), state)
        told = false
        if (onRam.delete(name)) await rm(join(o.ram, name), { force: true })
      } catch (error) {
        await writeOnRam(name, state, error)
      }
    },
    remove: async (name) => {
      onRam.delete(name)
      await Promise.allSettled([o.disk, o.ram].map((root) => rm(join(root, name), { force: true })))
    },
  }
}

/** Replaces a file in one rename, unsynced: after a power loss nothing that it speaks of is there either. */
async function replace(path: string, state: unknown): Promise<void> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const beside = `${path}.new`
  await writeFile(beside, `${JSON.stringify(state)}\n`, { mode: 0o600 })
  await rename(beside, path)
}

/** State files below a folder, relative to it; none when it does not exist. */
function names(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json'))
  } catch {
    return []
  }
}

const codeOf = (error: unknown): string => String((error as NodeJS.ErrnoException).code ?? 'unexpected error')
