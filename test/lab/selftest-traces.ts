import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { labPrefix, labsFolder } from './leftovers.ts'
import { run } from './processes.ts'

/** What labs could leave on the machine: mounts, network namespaces, processes, files, cgroups. */
export async function traces(): Promise<Record<string, unknown>> {
  const cgroups = readdirSync('/sys/fs/cgroup').flatMap((name) => labNames(`/sys/fs/cgroup/${name}`))
  const places = [
    '/var/lib/docker',
    '/var/lib/dso',
    '/etc/dso',
    '/etc/docker',
    '/var/log/dso',
    '/root/.docker',
    '/run/docker',
  ]
  return {
    mounts: readFileSync('/proc/self/mountinfo', 'utf8').split('\n').sort(),
    netns: (await run(['ip', 'netns'])).stdout,
    links: (await run(['ip', '-o', 'link'])).stdout,
    processes: labProcesses(),
    folders: labNames(labsFolder),
    cgroups: [...labNames('/sys/fs/cgroup'), ...cgroups],
    places: places.filter((place) => existsSync(place)),
    mine: ['/run/mine', '/etc/mine', '/usr/local/bin/mine'].filter((path) => existsSync(path)),
  }
}

function labNames(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.startsWith(labPrefix))
  } catch {
    return []
  }
}

/** The processes that carry a lab's name or look like parts of an engine. */
function labProcesses(): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8')
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      return environment.includes('DSO_LAB=') || /dockerd|containerd|keeper\.ts|sleep\0(1000|infinity)/.test(command)
    } catch {
      return false
    }
  })
}
