/**
 * A lab is one real dockerd with the product beside it, in mount and network namespaces of their own on this
 * machine: the product's real paths (/run, /etc, /root, /var/lib, /var/log, /usr/local, /opt) are private to the
 * lab, several labs run side by side, and everything goes with the lab. Needs root and `scripts/engines install`.
 */
import { fileURLToPath } from 'node:url'
import type { Agent, AgentOptions } from './agent.ts'
import type { Dockerd } from './dockerd.ts'
import { type EngineName, engineCache, engineVersion } from './engines.ts'
import { eventually } from './eventually.ts'
import { furnish, node, repository } from './furnish.ts'
import type { ImageOptions } from './images.ts'
import { type LabRecord, sweep } from './leftovers.ts'
import type { Outside } from './networks.ts'
import { type Outcome, type Running, type RunOptions, start } from './processes.ts'
import type { Answer, Question } from './unix-http.ts'

export type { Agent, AgentOptions } from './agent.ts'
export { type EngineName, engines, engineVersion } from './engines.ts'
export { eventually } from './eventually.ts'
export { product } from './furnish.ts'
export type { ImageOptions } from './images.ts'
export { sweep } from './leftovers.ts'
export { join, type Outside } from './networks.ts'
export type { Exit, Outcome, Running, RunOptions } from './processes.ts'
export { ask } from './unix-http.ts'

/** Arguments of a program; how it is run may stand last: `lab.dso('secret', 'set', 'a', { input: 'b' })`. */
export type Args = [...string[]] | [...string[], RunOptions]

/** What a lab starts with. */
export interface LabOptions {
  readonly engine: EngineName
  /** The content of /etc/docker/daemon.json. */
  readonly daemonJson?: Readonly<Record<string, unknown>> | undefined
  /** Sets `userland-proxy` in daemon.json. */
  readonly userlandProxy?: boolean | undefined
  /** False: dockerd is not started and the image `box` not made. */
  readonly start?: boolean | undefined
}

/** One open lab. */
export interface Lab {
  /** The lab's name; its folder is /var/tmp/dso-lab-ID. */
  readonly id: string
  readonly engine: EngineName
  /** The engine's version line. */
  readonly version: string
  /** The lab's file system as seen from here. A link with an absolute target leads out of the lab: use `path`. */
  readonly root: string
  /** The process whose namespaces are the lab's. */
  readonly holder: number
  /** The process outside the lab that clears it away. */
  readonly keeper: number
  /** The lab's file `path` as seen from here. */
  path(path: string): string
  /** Writes a file in the lab, with its folders. */
  write(path: string, content: string | Buffer, mode?: number): void
  /** Runs a program in the lab to its end; a non-zero exit is no error. */
  run(argv: readonly string[], options?: RunOptions): Promise<Outcome>
  /** Starts a program in the lab. */
  spawn(argv: readonly string[], options?: Omit<RunOptions, 'timeoutMs'>): Running
  /** `docker …` in the lab; returns its standard output without the last line end; an exit other than 0 throws its standard error. */
  docker(...args: Args): Promise<string>
  /** `docker …` in the lab, whatever its exit. */
  tryDocker(...args: Args): Promise<Outcome>
  /** `docker compose …` in the lab's folder `project`; throws like `docker`. */
  compose(project: string, ...args: Args): Promise<string>
  tryCompose(project: string, ...args: Args): Promise<Outcome>
  /** Asks the engine's API. */
  api(path: string, question?: Question): Promise<Answer>
  /** The product's command line in the lab; throws like `docker`. */
  dso(...args: Args): Promise<string>
  tryDso(...args: Args): Promise<Outcome>
  /** Starts the product's agent and waits until its status socket answers. */
  startAgent(options?: AgentOptions): Promise<Agent>
  readonly dockerd: Dockerd
  startDockerd(options?: { readonly wait?: boolean }): Promise<void>
  stopDockerd(): Promise<void>
  killDockerd(): Promise<void>
  dockerdLog(): string
  /** Makes an image from busybox. */
  image(name: string, options?: ImageOptions): Promise<void>
  /** Makes an image that holds one static program alone. */
  distroless(name: string, program: string, options?: ImageOptions): Promise<void>
  /** Makes this machine's 127.0.0.1:port answer in the lab, at the same port of every address there. */
  lend(port: number): Promise<void>
  /** Makes a port of the lab answer here; returns the port to use on 127.0.0.1. */
  reach(port: number, host?: string): Promise<number>
  /** A network namespace joined to the lab's by a cable, for clients that come from outside. */
  outside(): Promise<Outside>
  /** Ends everything in the lab and removes it. May be called twice. */
  close(): Promise<void>
}

let swept: Promise<unknown> | undefined

/** Opens a lab: namespaces, dockerd, and the image `box`. */
export async function openLab(options: LabOptions): Promise<Lab> {
  const { engine } = options
  const version = engineVersion(engine)
  swept ??= sweep()
  await swept
  const { record, keeper } = await keep(engine)
  const lab = furnish(record, keeper, engine, version)
  try {
    const daemonJson: Record<string, unknown> = { ...options.daemonJson }
    if (options.userlandProxy !== undefined) daemonJson['userland-proxy'] = options.userlandProxy
    if (Object.keys(daemonJson).length > 0) lab.write('/etc/docker/daemon.json', JSON.stringify(daemonJson))
    if (options.start === false) return lab
    await lab.startDockerd()
    await lab.image('box')
    return lab
  } catch (error) {
    await lab.close()
    throw error
  }
}

/** Starts the keeper, which makes the namespaces, and clears everything away when this process lets go of it. */
async function keep(engine: EngineName): Promise<{ record: LabRecord; keeper: Running }> {
  const script = fileURLToPath(new URL('keeper.ts', import.meta.url))
  const config = JSON.stringify({ engine, keep: [repository, engineCache()] })
  // Outside the group of the terminal: a Ctrl-C meant for the tests must not end it.
  const keeper = start(['setsid', node, '--disable-warning=ExperimentalWarning', script, config])
  const line = await eventually(() => keeper.stdout[0] ?? (keeper.running ? null : 'ended'), {
    what: 'namespaces of a lab',
    intervalMs: 5,
  })
  if (line === null || line === 'ended') throw new Error(keeper.output())
  return { record: JSON.parse(line) as LabRecord, keeper }
}
