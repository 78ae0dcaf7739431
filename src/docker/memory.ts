import type * as z from 'zod'
import type { Emit } from '../core/event.ts'
import { readState, writeState } from '../host/files.ts'

/** Value-free JSON on disk that follows what is in memory. */
export interface Memory<T> {
  /** What the file holds; undefined without a file, or with one that is not ours to read (told as `problem`). */
  read(): T | undefined
  /** Writes what `value` gives when the write begins; calls that come while one is under way share the next. Never throws. */
  write(value: () => T): Promise<void>
}

/** Memory wins over the disk: a disk that refuses costs what a restart forgets, told once until a write succeeds again. */
export function createMemory<T>({ file, shape, emit }: { file: string; shape: z.ZodType<T>; emit?: Emit }): Memory<T> {
  const problem = (message: string) => emit?.({ kind: 'problem', where: file, message })
  let writing: Promise<void> = Promise.resolve()
  let next: Promise<void> | undefined
  let failed = false

  const write = async (value: () => T) => {
    try {
      await writeState(file, value())
      failed = false
    } catch (error) {
      if (!failed)
        problem(`cannot be written (${String((error as NodeJS.ErrnoException).code)}): a restart would forget it`)
      failed = true
    }
  }

  return {
    read: () => {
      const state = readState(file, problem)
      if (state === undefined) return undefined
      const parsed = shape.safeParse(state)
      if (!parsed.success) problem('does not hold what this version writes there: begun anew')
      return parsed.data
    },
    write: (value) => {
      next ??= writing.then(() => {
        next = undefined
        writing = write(value)
        return writing
      })
      return next
    },
  }
}
