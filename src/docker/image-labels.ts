import * as z from 'zod'
import type { Emit } from '../core/event.ts'
import type { Engine } from './engine.ts'
import { createMemory } from './memory.ts'

type Labels = Readonly<Record<string, string>>

/** What images' own configurations say, by ImageID: it counts for nothing (docs/requirements.md 1), so it must be known. */
export interface ImageLabels {
  /** The image's `dso.` and Compose labels; undefined when they are not known. */
  readonly get: (imageId: string) => Labels | undefined
  /** Asks dockerd once (the call takes no container's lock) and remembers. Throws what the engine throws. */
  learn(imageId: string, engine: Pick<Engine, 'image'>, signal: AbortSignal): Promise<Labels>
}

/** An image not used for so many others is asked for again. */
const most = 1000

const shape = z.strictObject({
  format: z.literal(1),
  images: z.array(z.tuple([z.string(), z.record(z.string(), z.string())])),
})

/** Remembered on disk: at dockerd's boot nobody could answer. An ImageID names one content, so nothing here grows old. */
export function createImageLabels({ file, emit }: { readonly file: string; readonly emit?: Emit }): ImageLabels {
  const memory = createMemory({ file, shape, ...(emit && { emit }) })
  const images = new Map<string, Labels>(memory.read()?.images ?? [])
  const asked = new Map<string, Promise<Labels>>()

  const remember = (imageId: string, labels: Labels): void => {
    images.set(imageId, labels)
    for (const oldest of images.keys()) {
      if (images.size <= most) break
      images.delete(oldest)
    }
    void memory.write(() => ({ format: 1, images: [...images].map(([id, l]) => [id, { ...l }] as [string, Labels]) }))
  }

  return {
    get: (imageId) => {
      const labels = images.get(imageId)
      if (labels) {
        images.delete(imageId)
        images.set(imageId, labels)
      }
      return labels
    },
    learn: (imageId, engine, signal) => {
      const known = images.get(imageId)
      if (known) return Promise.resolve(known)
      const answer =
        asked.get(imageId) ??
        engine
          .image(imageId, signal)
          .then(({ labels }) => {
            const ours = Object.fromEntries(Object.entries(labels).filter(([name]) => counts(name)))
            remember(imageId, ours)
            return ours
          })
          .finally(() => asked.delete(imageId))
      asked.set(imageId, answer)
      return answer
    },
  }
}

/** Learns the labels of those images that are not known. What cannot be learned stays unknown. Never throws. */
export async function learnMissing(
  imageLabels: ImageLabels,
  imageIds: Iterable<string>,
  engine: Pick<Engine, 'image'>,
  signal: AbortSignal,
): Promise<void> {
  const missing = [...new Set(imageIds)].filter((id) => imageLabels.get(id) === undefined)
  await Promise.allSettled(missing.map((id) => imageLabels.learn(id, engine, signal)))
}

const counts = (label: string): boolean => label.startsWith('dso.') || label.startsWith('com.docker.compose.')
