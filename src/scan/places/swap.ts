import { constants } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import type { Place } from './place.ts'

/** Every swap device and file that a table of the kernel lists, read raw: what was swapped out earlier is found as well. */
export const swapListedIn = (table: string): Place => ({
  what: 'swap',
  search: async (looking) => {
    const active = swapsIn(await readFile(table, 'utf8').catch(() => ''))
    for (const [done, path] of active.entries()) {
      looking.progress(done, active.length)
      try {
        await using handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
        await looking.handle(`swap ${path}`, handle)
      } catch (error) {
        looking.signal.throwIfAborted()
        looking.note(`not searched: swap ${path}: ${(error as NodeJS.ErrnoException).code ?? 'cannot be read'}`)
      }
    }
  },
})

export const swap = swapListedIn('/proc/swaps')

/** Paths in /proc/swaps, where blanks are written as octal escapes (proc(5)). */
export function swapsIn(table: string): string[] {
  const rows = table.split('\n').slice(1)
  const names = rows.map((row) => row.split(/\s/)[0] ?? '').filter(Boolean)
  return names.map((name) =>
    name.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8))),
  )
}
