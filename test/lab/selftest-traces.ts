import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { eventually } from './eventually.ts'
import { labPrefix, labsFolder } from './leftovers.ts'
import { run } from './processes.ts'

/** What labs in general could leave on the machine; other labs may run meanwhile, and must not show here either. */
export async function machine(): Promise<Record<string, unknown>> {
  const own = ['/var/lib/docker', '/var/lib/dso', '/etc/dso', '/etc/docker', '/var/log/dso', '/root/.docker']
  const written = ['/run/docker', '/run/dso', '/run/mine', '/etc/mine', '/usr/local/bin/mine']
  const links = (await run(['ip', '-o', 'link'])).stdout
  return {
    mounts: readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .filter((line) => /dso|docker/.test(line)),
    namespaces: (await run(['ip', 'netns'])).stdout,
    links: links.split('\n').map((line) => line.split(':')[1]),
    places: [...own, ...written].filter((place) => existsSync(place)),
  }
}

/** What is there of the lab with this name: its processes, folder and cgroups. */
export function traces(id: string): string[] {
  const name = labPrefix + id
  const hierarchies = readdirSync('/sys/fs/cgroup').map((hierarchy) => `/sys/fs/cgroup/${hierarchy}`)
  const folders = [labsFolder, '/sys/fs/cgroup', ...hierarchies].map((folder) => `${folder}/${name}`)
  const processes = readdirSync('/proc').filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`DSO_LAB=${id}`)
    } catch {
      return false
    }
  })
  return [...folders.filter((folder) => existsSync(folder)), ...processes.map((pid) => `/proc/${pid}`)]
}

/** Waits until nothing of the lab is left. */
export async function gone(id: string): Promise<void> {
  await eventually(() => assert.deepEqual(traces(id), []), { what: `end of lab ${id}`, deadlineMs: 20_000 })
}
