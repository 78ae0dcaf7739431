import type { Asked, Generation } from '../core/model.ts'
import type { Generate } from '../store/generate.ts'
import type { RenderedFile } from '../store/secret.ts'

type Options = Parameters<Generate>[1]

/** Generations and the bytes of their files. Plans hold only the first; whoever acts asks for the second. */
export interface Rendering {
  /** What is to be delivered for these wishes now. Throws Failure. */
  wanted(asked: Asked, options: Options): Promise<Generation>
  /** The files of a generation: those just made for it, else made anew from the versions that it names. Throws Failure. */
  files(generation: Generation, signal: AbortSignal): Promise<RenderedFile[]>
}

export function createRendering(generate: Generate): Rendering {
  const made = new WeakMap<Generation, RenderedFile[]>()
  return {
    wanted: async (asked, options) => {
      const { generation, files } = await generate(asked, options)
      made.set(generation, files)
      return generation
    },
    files: async (generation, signal) => {
      const files = made.get(generation)
      made.delete(generation)
      if (files) return files
      const { bindings, reads } = generation
      const pins = Object.fromEntries(Object.entries(reads).map(([read, { version }]) => [read, version]))
      const asked: Asked = { bindings, expansions: [], rotation: { strategy: { kind: 'none' } } }
      return (await generate(asked, { pins, signal })).files
    },
  }
}
