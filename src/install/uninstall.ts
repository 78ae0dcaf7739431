import { lstat, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { Failure } from '../core/failure.ts'
import { createCatalogue } from '../docker/catalogue.ts'
import { createEngine } from '../docker/engine.ts'
import { driverName } from '../docker/observe.ts'
import { unmountBelow } from '../host/mounts.ts'
import { paths } from '../host/paths.ts'
import { hostPlaces } from './install.ts'
import { agentAnswers, defined, needsRoot, type Places, perform, removing, type Step } from './steps.ts'

export interface UninstallOptions {
  /** Removes the vault, its key, the configuration and all state as well. */
  readonly purge: boolean
  readonly dryRun: boolean
  readonly say: (line: string) => void
}

/** Names of the dso volumes there are, as far as anybody knows them. */
export type VolumesOf = () => Promise<readonly string[]>

/** What is removed with --purge, and what always is. */
export const leftovers: { readonly purge: readonly string[]; readonly run: string; readonly values: string } = {
  purge: [paths.state, '/etc/dso', paths.log],
  run: paths.run,
  values: paths.values,
}

/**
 * Undoes `install`. Throws BAD_CONFIG while dso volumes exist, which it lists: their containers could not start any
 * more; and while an agent runs that systemd did not start.
 */
export async function uninstall(
  o: UninstallOptions,
  places: Places = hostPlaces,
  volumesOf: VolumesOf = knownVolumes,
  left = leftovers,
): Promise<void> {
  needsRoot('uninstall', o.dryRun)
  await refuseVolumes(volumesOf)
  await refuseAgent(places, left.run)
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
  const names = await volumesOf()
  if (names.length === 0) return
  const shown = names.slice(0, 6).join(' ')
  const more = names.length > 6 ? ` (and ${names.length - 6} more: docker volume ls -f driver=dso)` : ''
  const remedy = `remove their containers, then: docker volume rm ${shown}`
  throw new Failure('BAD_CONFIG', `dso volumes exist: ${shown}${more}`, remedy, 'uninstall')
}

/** What dockerd lists and what the agent remembers: while the agent is down dockerd may leave its volumes out. */
const knownVolumes: VolumesOf = async () => {
  const engine = createEngine({ socket: paths.dockerSocket })
  const listed = await engine.volumes(AbortSignal.timeout(60_000)).catch(() => [])
  const remembered = createCatalogue({ file: `${paths.state}/volumes.json` }).all()
  const ours = listed.filter(({ driver }) => driver === driverName)
  return [...new Set([...ours, ...remembered].map(({ name }) => name))].sort()
}

/** An agent that nobody stops here would make everything anew. */
async function refuseAgent({ systemd }: Places, run: string): Promise<void> {
  if (systemd || !(await agentAnswers(run))) return
  throw new Failure('BAD_CONFIG', 'the agent still runs', 'stop it first (SIGTERM)', 'uninstall')
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
