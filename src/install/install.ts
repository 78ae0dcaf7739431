import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../core/failure.ts'
import { paths } from '../host/paths.ts'
import { writableOnTheWay } from './facts.ts'
import {
  agentAnswers,
  defined,
  linking,
  needsRoot,
  type Places,
  perform,
  runProgram,
  type Step,
  writing,
} from './steps.ts'
import { nodeOptions, serviceUnit, socketUnit } from './units.ts'

export { uninstall } from './uninstall.ts'

/** The places of this host (Docker's cli-plugins folders; systemd.unit(5): units of the administrator). */
export const hostPlaces: Places = {
  plugin: '/usr/local/lib/docker/cli-plugins/docker-dso',
  units: '/etc/systemd/system',
  systemd: existsSync('/run/systemd/system'),
  run: runProgram,
}

export interface InstallOptions {
  /** The folder of the built files. */
  readonly program: string
  readonly node?: string
  readonly dryRun: boolean
  readonly say: (line: string) => void
}

/**
 * Links the docker plugin and, where systemd runs, writes and enables the units; elsewhere says what to run. May be
 * called again. Throws BAD_CONFIG for a program that others than root may write, and without root.
 */
export async function install(o: InstallOptions, places: Places = hostPlaces): Promise<void> {
  needsRoot('install', o.dryRun)
  const folder = o.program.replace(/\/+$/, '')
  const program = { node: o.node ?? process.execPath, cli: join(folder, 'cli.js') }
  const plugin = join(folder, 'docker-dso')
  for (const path of [program.cli, plugin, program.node]) await refuseWritable(path)
  await refuseSecondAgent(places)
  const link = await linking(places.plugin, plugin)
  const units = places.systemd ? await unitSteps(program, places) : []
  const steps = defined([link, ...units])
  await perform(steps, o)
  if (steps.length === 0) o.say('everything is in place')
  if (!places.systemd) {
    o.say('systemd does not run here: start the agent as root, before dockerd, and again when it ends:')
    o.say(`  env -u NODE_OPTIONS ${[program.node, ...nodeOptions, program.cli].join(' ')} agent`)
  }
}

async function unitSteps(program: Parameters<typeof serviceUnit>[0], { units, run }: Places): Promise<readonly Step[]> {
  const written = defined([
    await writing(join(units, 'dso.socket'), socketUnit()),
    await writing(join(units, 'dso.service'), serviceUnit(program)),
  ])
  const step = (...words: readonly string[]): Step => ({
    text: `systemctl ${words.join(' ')}`,
    act: () => run('systemctl', ...words),
  })
  if (written.length === 0) return []
  return [
    ...written,
    step('daemon-reload'),
    step('enable', '--now', 'dso.socket'),
    step('enable', 'dso.service'),
    step('restart', 'dso.service'),
  ]
}

/** The service could not start beside an agent that somebody started by hand. */
async function refuseSecondAgent({ systemd, units }: Places): Promise<void> {
  if (!systemd || existsSync(join(units, 'dso.service')) || !(await agentAnswers(paths.run))) return
  throw new Failure(
    'BAD_CONFIG',
    'an agent runs already that systemd did not start',
    'stop it first (SIGTERM)',
    'install',
  )
}

/** What root runs must be root's alone (docs/requirements.md 13). */
async function refuseWritable(path: string): Promise<void> {
  const [first] = await writableOnTheWay(path)
  if (first === undefined) return
  const remedy = `put the program where only root writes (npm install -g as root), or: chown root ${first} && chmod go-w ${first}`
  throw new Failure('BAD_CONFIG', `others than root may write ${first}`, remedy, 'install')
}
