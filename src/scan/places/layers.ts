import { readFile } from 'node:fs/promises'
import type { DescribedContainer, DockerAnswers } from '../docker-answers.ts'
import type { Place } from './place.ts'

/** What containers wrote into their own layers (files that were copied into them too), and the images of those that run. */
export const layers: Place = {
  what: 'container and image layers',
  search: async (looking, docker) => {
    const folders = new Map<string, string>()
    for (const container of docker.containers) {
      const found = await layersOf(container, docker)
      if (found.size === 0) {
        looking.note(
          `not searched: layers of container ${container.name}: the storage driver ${docker.driver} does not say where they are`,
        )
      }
      for (const [folder, what] of found) if (!folders.has(folder)) folders.set(folder, what)
    }
    let done = 0
    for (const [folder, what] of folders) {
      looking.progress(done++, folders.size)
      await looking.tree(what, folder)
    }
  },
}

/** Folders with what they are, in words. */
async function layersOf(container: DescribedContainer, docker: DockerAnswers): Promise<Map<string, string>> {
  const { upper, lower } =
    (await told(container)) ?? (await mounted(container)) ?? (await copied(container, docker)) ?? {}
  const found = new Map<string, string>()
  if (upper) found.set(upper, `layer of container ${container.name}`)
  if (container.running) for (const folder of lower ?? []) found.set(folder, `image of container ${container.name}`)
  return found
}

interface Layers {
  readonly upper?: string | undefined
  readonly lower?: readonly string[]
}

/** overlay2: inspect says it. */
async function told({ layers }: DescribedContainer): Promise<Layers | undefined> {
  const upper = layers['UpperDir']
  return upper ? { upper, lower: (layers['LowerDir'] ?? '').split(':').filter(Boolean) } : undefined
}

/** The containerd image store: the root mount of the container's process says it. */
async function mounted({ pid }: DescribedContainer): Promise<Layers | undefined> {
  if (pid === 0) return undefined
  const lines = (await readFile(`/proc/${pid}/mountinfo`, 'utf8').catch(() => '')).split('\n')
  const root = lines.map((line) => line.split(' ')).findLast((cells) => cells[4] === '/')
  const options = root?.[root.indexOf('-') + 3]?.split(',') ?? []
  const option = (name: string) => options.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1)
  const upper = option('upperdir')
  return upper
    ? { upper, lower: (option('lowerdir') ?? '').split(':').filter((folder) => folder.startsWith('/')) }
    : undefined
}

/** vfs: image and container in one folder, named in dockerd's layer database. */
async function copied({ id }: DescribedContainer, { rootDir, driver }: DockerAnswers): Promise<Layers | undefined> {
  if (driver !== 'vfs') return undefined
  const name = await readFile(`${rootDir}/image/vfs/layerdb/mounts/${id}/mount-id`, 'utf8').catch(() => undefined)
  return name === undefined ? undefined : { upper: `${rootDir}/vfs/dir/${name.trim()}` }
}
