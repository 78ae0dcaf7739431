import * as z from 'zod'
import type { Emit } from '../core/event.ts'
import type { Workload } from '../core/model.ts'
import type { Keep } from './keep.ts'

/** Workloads whose running containers are left alone; `*` stands for all. Survives a reboot. */
export interface Pauses {
  pause(workload?: Workload): void
  resume(workload?: Workload): void
  holds(workload: Workload): boolean
  all(): readonly string[]
}

const everyone = '*'
const file = 'paused.json'

export function createPauses({ keep, emit }: { readonly keep: Keep; readonly emit: Emit }): Pauses {
  const paused = new Set(keep.read(file, z.array(z.string())) ?? [])
  const save = () => void keep.write(file, [...paused], 'power')
  return {
    pause: (workload = everyone) => {
      if (paused.has(workload)) return
      paused.add(workload)
      save()
      emit({ kind: 'workload.paused', workload })
    },
    resume: (workload = everyone) => {
      const gone = workload === everyone ? [...paused] : [workload].filter((one) => paused.has(one))
      if (gone.length === 0) return
      for (const one of gone) paused.delete(one)
      save()
      for (const one of gone) emit({ kind: 'workload.resumed', workload: one })
    },
    holds: (workload) => paused.has(everyone) || paused.has(workload),
    all: () => [...paused],
  }
}
