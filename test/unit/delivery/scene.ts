import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Fact } from '../../../src/core/event.ts'
import { makeGeneration } from '../../../src/core/generation.ts'
import type { Generation } from '../../../src/core/model.ts'
import { type Birth, createDelivery } from '../../../src/delivery/delivery.ts'
import { readMounts } from '../../../src/host/mountinfo.ts'
import { type RenderedFile, Secret } from '../../../src/store/secret.ts'

export const root = '/run/dso/values'

export const file = (name: string, text: string, more: Partial<RenderedFile> = {}): RenderedFile => ({
  file: name,
  mode: 0o444,
  uid: 0,
  gid: 0,
  bytes: new Secret(Buffer.from(text)),
  ...more,
})

export const generation = (version: string): Generation =>
  makeGeneration([], { 'dso://local/shop/db': { version, mark: `mark-${version}` } })

export const birth = (mountId: string, more: Partial<Birth> = {}): Birth => ({
  mountId,
  volume: 'shop_secrets',
  workload: 'shop/api',
  authorised: [],
  generation: generation('1'),
  files: [file('a', 'one'), file('b', 'two')],
  ...more,
})

/** A delivery as an agent makes it; each call stands for another life of the agent. */
export function agent(size = 256 * 1024 * 1024) {
  const facts: Fact[] = []
  return { facts, ...createDelivery({ root, sizeBytes: () => size, emit: (fact) => void facts.push(fact) }) }
}

export const opened = async (size?: number) => {
  const delivery = agent(size)
  await delivery.open()
  return delivery
}

/** What a reader finds by the names of the directory. */
export const contentOf = (directory: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(directory)
      .filter((name) => !name.startsWith('..'))
      .map((name) => [name, readFileSync(join(directory, name), 'utf8')]),
  )

export const mountsBelow = (path: string): string[] =>
  readMounts('self')
    .map(({ mountPoint }) => mountPoint)
    .filter((point) => point.startsWith(`${path}/`))

/** A root of its own, as runc makes it, with the host's programs. */
const pivot = `mkdir old && for d in bin lib lib64 usr; do
    if [ -L /$d ]; then ln -s $(readlink /$d) $d; elif [ -d /$d ]; then mkdir $d && mount --bind /$d $d; fi; done
  mkdir proc && mount --rbind /proc proc && pivot_root . old && exec chroot . sh -c 'umount -l /old && echo held && exec sleep 600'`

/**
 * A process that has `directory` mounted in a mount namespace of its own, in a cgroup named as a container's: what
 * dockerd would start. A `starting` one has not left the host's root yet.
 */
export async function hold(directory: string, { starting = false } = {}) {
  const id = randomBytes(32).toString('hex')
  const cgroup = join(cgroupMount(), id)
  mkdirSync(cgroup)
  const script = `set -e; echo $$ > ${cgroup}/cgroup.procs; mkdir -p /run/rootfs; mount -t tmpfs rootfs /run/rootfs
  cd /run/rootfs; mkdir secrets; mount --bind ${directory} secrets
  ${starting ? 'echo held; exec sleep 600' : pivot}`
  const child = spawn('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await new Promise((resolve) => child.stdout.once('data', resolve))
  return {
    id,
    end: async () => {
      child.kill('SIGKILL')
      await new Promise((resolve) => child.once('close', resolve))
      rmdirSync(cgroup)
    },
  }
}

function cgroupMount(): string {
  const mounts = readMounts('self').filter(({ type }) => type === 'cgroup2' || type === 'cgroup')
  const usable = mounts.find(({ type, superOptions }) => type === 'cgroup2' || superOptions.includes('name=systemd'))
  if (!usable) throw new Error('no cgroups on this machine')
  return usable.mountPoint
}
