import type { Place } from './place.ts'

/** Folders of dockerd under its root that hold descriptions and logs; layers are searched by themselves. */
const described = [
  'containers',
  'image',
  'network',
  'swarm',
  'buildkit',
  'containerd/daemon/io.containerd.metadata.v1.bolt',
]

/** dockerd's own files: its configuration, its records of containers with their logs, and what its runtime is given. */
export const engineFiles: Place = {
  what: "dockerd's files and container logs",
  search: async (looking, { rootDir }) => {
    const folders = [
      '/etc/docker',
      '/etc/containerd',
      ...described.map((name) => `${rootDir}/${name}`),
      '/run/docker',
      '/run/containerd',
    ]
    for (const [done, folder] of folders.entries()) {
      looking.progress(done, folders.length)
      await looking.tree('', folder, { unpack: true })
    }
    await looking.file(`${rootDir}/volumes/metadata.db`, `${rootDir}/volumes/metadata.db`)
  },
}
