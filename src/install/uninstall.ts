import { lstat, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { Failure } from '../core/failure.ts'
import { createEngine } from '../docker/engine.ts'
import { unmountBelow } from '../host/mounts.ts'
import { paths } from '../host/paths.ts'
import { hostPlaces } from './install.ts'
import { defined, needsRoot, type Places, perform, removing, type Step } from './steps.ts'

export interface UninstallOptions {
  /** Removes the vault, its key, the configuration and all state as well. */
  readonly purge: boolean
  readonly dryRun: boolean
  readonly say: (line: string) => void
}

/** Names of the volumes with our driver. */
export type VolumesOf = (signal: AbortSignal) => Promise<readonly string[]>

/** What is removed with --purge, and what always is. */
export const leftovers: { readonly purge: readonly string[]; readonly run: string; readonly values: string } = {
  purge: [paths.state, '/etc/dso', paths.log],
  run: paths.run,
  values: paths.values,
}

/**
 * Undoes `install`. Throws BAD_CONFIG while dso volumes exist, which it lists: their containers could not start any
 * more; and when Docker does not say whether there are any.
 */
export async function uninstall(
  o: UninstallOptions,
  places: Places = hostPlaces,
  volumesOf: VolumesOf = volumesOfDocker,
  left = leftovers,
): Promise<void> {
  needsRoot('uninstall', o.dryRun)
  await refuseVolumes(volumesOf)
  const purged = o.purge ? left.purge : []
  const steps = defined([
    ...(places.systemd ? await unitSteps(places) : []),
    await ownLink(places.plugin),
    await emptying(left),
    ...(await Promise.all(purged.map(removing))),
  ])
  await perform(steps, o)
  if (steps.length === 0) o.say('nothing of DSO is here')
  else if (!o.purge) o.say(`kept: ${left.purge.join(', ')} (the vault with all secrets is there; --purge removes them)`)
}

async function refuseVolumes(volumesOf: VolumesOf): Promise<void> {
  const names = await volumesOf(AbortSignal.timeout(30_000)).catch(() => undefined)
  if (names === undefined) {
    throw new Failure('BAD_CONFIG', 'Docker does not say whether dso volumes exist', 'start dockerd first', 'uninstall')
  }
  if (names.length === 0) return
  const shown = names.slice(0, 6).join(' ')
  const more = names.length > 6 ? ` (and ${names.length - 6} more: docker volume ls -f driver=dso)` : ''
  throw new Failure(
    'BAD_CONFIG',
    `dso volumes exist: ${shown}${more}`,
    `remove their containers, then: docker volume rm ${shown}`,
    'uninstall',
  )
}

const volumesOfDocker: VolumesOf = async (signal) => {
  const volumes = await createEngine({ socket: paths.dockerSocket }).volumes(signal)
  return volumes.filter(({ driver }) => driver === 'dso').map(({ name }) => name)
}

async function unitSteps({ units, run }: Places): Promise<readonly Step[]> {
  const files = defined([await removing(join(units, 'dso.service')), await removing(join(units, 'dso.socket'))])
  if (files.length === 0) return []
  const stop = ['disable', '--now', 'dso.socket', 'dso.service']
  return [
    { text: `systemctl ${stop.join(' ')}`, act: () => run('systemctl', ...stop) },
    ...files,
    { text: 'systemctl daemon-reload', act: () => run('systemctl', 'daemon-reload') },
  ]
}

/** The plugin's link goes only if it is ours. */
async function ownLink(link: string): Promise<Step | undefined> {
  const there = await lstat(link).catch(() => undefined)
  if (there?.isSymbolicLink() !== true || !(await readlink(link)).endsWith('/docker-dso')) return undefined
  return removing(link)
}

/** Values in RAM go with the agent. */
async function emptying({ run, values }: typeof leftovers): Promise<Step | undefined> {
  const step = await removing(run)
  if (step === undefined) return undefined
  return {
    text: `unmount and remove ${run}`,
    act: async () => {
      await unmountBelow(values)
      await step.act()
    },
  }
}
