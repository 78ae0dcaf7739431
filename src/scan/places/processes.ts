import { readdir, readFile } from 'node:fs/promises'
import type { Place } from './place.ts'

/** Arguments and environments of every process but this one. */
export const processes: Place = {
  what: 'arguments and environments of processes',
  search: async (looking) => {
    const pids = (await readdir('/proc')).filter((name) => /^[0-9]+$/.test(name) && name !== String(process.pid))
    for (const [done, pid] of pids.entries()) {
      if (done % 100 === 0) looking.progress(done, pids.length)
      const name = (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')).trim()
      await looking.file(`arguments of process ${pid} (${name})`, `/proc/${pid}/cmdline`)
      await looking.file(`environment of process ${pid} (${name})`, `/proc/${pid}/environ`)
    }
  },
}
