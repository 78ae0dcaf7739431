import * as z from 'zod'
import type { Emit } from '../core/event.ts'
import type { Volume } from '../core/model.ts'
import { createMemory } from './memory.ts'

/** The volumes of this driver, in memory and on disk, without values: what Get and List answer from at once. */
export interface Catalogue {
  all(): readonly Volume[]
  get(name: string): Volume | undefined
  /**
   * The volume of a name that the file does not hold, if a container's own record at dockerd names it with this driver:
   * an answer of "unknown" would make dockerd forget its labels and refuse the container. Its options come with `learn`.
   */
  adopt(name: string): Promise<Volume | undefined>
  /** Returns when it is on disk, or the disk has refused it (told as `problem`; memory keeps it). */
  create(name: string, options: Readonly<Record<string, string>>): Promise<void>
  remove(name: string): Promise<void>
  /** What dockerd's inspect says of a volume: its project label, and its options where none are known. */
  learn(name: string, labels: Readonly<Record<string, string>>, options?: Readonly<Record<string, string>>): void
}

export interface CatalogueNeeds {
  readonly file: string
  /** Whether dockerd's records name this volume with this driver. */
  readonly claimed?: (name: string) => Promise<boolean>
  readonly emit?: Emit
}

const texts = z.record(z.string(), z.string())
const shape = z.strictObject({
  format: z.literal(1),
  volumes: z.array(
    z.strictObject({ name: z.string(), options: texts, project: z.string().optional(), createdAt: z.string() }),
  ),
})

/** Reads the file at once, before dockerd asks. One that cannot be read is kept aside and told as `problem`. */
export function createCatalogue({ file, claimed, emit }: CatalogueNeeds): Catalogue {
  const memory = createMemory({ file, shape, ...(emit && { emit }) })
  const volumes = new Map<string, Volume>()
  for (const { project, ...volume } of memory.read()?.volumes ?? []) {
    volumes.set(volume.name, { ...volume, ...(project !== undefined && { project }) })
  }
  const save = () => memory.write(() => ({ format: 1, volumes: [...volumes.values()] }))
  const fresh = (name: string, options: Volume['options']): Volume => ({
    name,
    options,
    createdAt: new Date().toISOString(),
  })

  return {
    all: () => [...volumes.values()],
    get: (name) => volumes.get(name),
    adopt: async (name) => {
      if (!(await claimed?.(name))) return undefined
      const volume = volumes.get(name) ?? fresh(name, {})
      volumes.set(name, volume)
      void save()
      return volume
    },
    create: async (name, options) => {
      volumes.set(name, fresh(name, options))
      await save()
    },
    remove: async (name) => {
      if (volumes.delete(name)) await save()
    },
    learn: (name, labels, options = {}) => {
      const before = volumes.get(name) ?? fresh(name, options)
      const { project: _, ...rest } = before
      const project = labels['com.docker.compose.project']
      const known = Object.keys(before.options).length > 0
      const after = { ...rest, options: known ? before.options : options, ...(project !== undefined && { project }) }
      if (JSON.stringify(after) === JSON.stringify(volumes.get(name))) return
      volumes.set(name, after)
      void save()
    },
  }
}
