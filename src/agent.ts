import { hostname } from 'node:os'
import { env, pid } from 'node:process'
import { loadSettings } from './config/load.ts'
import { watchSettings } from './config/watch.ts'
import { Failure, isFailure } from './core/failure.ts'
import { version } from './core/version.ts'
import { createDelivery } from './delivery/delivery.ts'
import { createOnce } from './delivery/single-flight.ts'
import { createCatalogue } from './docker/catalogue.ts'
import { createEngine } from './docker/engine.ts'
import { createImageLabels } from './docker/image-labels.ts'
import { observe } from './docker/observe.ts'
import { createRecords } from './docker/records.ts'
import { ownFolder } from './host/own-folder.ts'
import { paths } from './host/paths.ts'
import { SocketTaken } from './host/unix.ts'
import { localSource } from './providers/local.ts'
import { createBirth } from './reconcile/birth.ts'
import { createCandidates } from './reconcile/candidates.ts'
import { createLoop } from './reconcile/loop.ts'
import { createRefusals } from './reconcile/refusals.ts'
import { createReport } from './report/report.ts'
import { createStanding } from './report/standing.ts'
import { createScan } from './scan/scan.ts'
import { createChecks } from './servers/checks.ts'
import { createControl } from './servers/control.ts'
import { listenControl } from './servers/control-sockets.ts'
import { createExplain } from './servers/explain.ts'
import { createNames } from './servers/names.ts'
import { listenPlugin } from './servers/plugin-socket.ts'
import { createStatus } from './servers/status.ts'
import { createVolumeDriver } from './servers/volume-driver.ts'
import { createVolumeFacts } from './servers/volume-facts.ts'
import { createGenerate } from './store/generate.ts'
import { createStore } from './store/store.ts'
import { createVault } from './vault/vault.ts'

/** How long a look at the host for somebody who asks may take. */
const lookMs = 5000

/**
 * THE composition: every part is built here, top to bottom, once; a part may use only parts above it. The plugin socket
 * comes first: dockerd may wait for it before it answers anything itself. Resolves to the exit
 * status when a signal ends the agent. Throws Failure BAD_CONFIG for a wrong dso.yaml (it serves no start), AGENT_DOWN
 * where another agent runs, and UnsafeProcess where a folder of its own is somebody else's.
 */
export async function runAgent({ config = paths.config }: { readonly config?: string }): Promise<number> {
  let settings = loadSettings(config)
  const signal = untilEnded()
  for (const path of [paths.state, paths.log]) ownFolder(path, 0o700)

  const report = createReport(settings.log)
  const { emit } = report
  const problem = (where: string) => (error: unknown) => emit({ kind: 'problem', where, message: said(error) })
  const standing = createStanding(report.follow)
  const startedAt = new Date().toISOString()
  emit({ kind: 'agent.started', version })

  // Who holds the socket is the one agent of this host, before anything else is touched.
  const driver = Promise.withResolvers<ReturnType<typeof createVolumeDriver>>()
  const plugin = await listenPlugin(async (path, body) => (await driver.promise)(path, body)).catch(refuseSecond)

  const engine = createEngine({ socket: paths.dockerSocket })
  const records = createRecords({ stateFile: `${paths.state}/docker.json`, problem: problem('docker.json') })
  const catalogue = createCatalogue({ file: `${paths.state}/volumes.json`, claimed: records.mention, emit })
  const imageLabels = createImageLabels({ file: `${paths.state}/images.json`, emit })
  const refusals = createRefusals({ file: `${paths.state}/refused.json`, emit })
  const candidates = createCandidates({ engine, records }, signal)

  const maxValueBytes = () => settings.delivery.maxValueBytes
  const delivery = createDelivery({ root: paths.values, sizeBytes: () => settings.delivery.sizeBytes, emit })
  const vault = createVault({
    dir: paths.state,
    path: settings.local.path,
    key: settings.local.key,
    keepVersions: () => settings.local.keepVersions,
    maxValueBytes,
    keyFile: paths.localKey,
    ...(env['CREDENTIALS_DIRECTORY'] !== undefined && { credentialsDirectory: env['CREDENTIALS_DIRECTORY'] }),
    emit,
  })
  const store = createStore({ sources: new Map([['local', localSource(vault)]]), ram: paths.ram, emit })
  const generate = createGenerate({ store, maxValueBytes })
  // RAM, then what an agent before left in it: without the first, nothing is read that could hold a value.
  const openValues = createOnce(async () => {
    await delivery.open()
    await store.open()
  })
  await openValues().catch(problem(paths.values))

  const loop = createLoop({
    ...{ engine, delivery, catalogue, imageLabels, store, generate, refusals, emit },
    settings: () => settings,
    stateDir: paths.state,
    ramDir: paths.ram,
  })
  const birth = createBirth({
    ...{ engine, candidates, records, imageLabels, catalogue, generate, delivery, refusals, emit },
    avoid: loop.avoid,
    settings: () => settings,
  })

  const vaultTried = Promise.withResolvers<void>()
  driver.resolve(
    createVolumeDriver({
      catalogue,
      birth: async (volume, mountId) => {
        await Promise.all([openValues(), vaultTried.promise])
        return await birth(volume, mountId)
      },
      used: delivery.used,
      look: delivery.look,
      facts: createVolumeFacts(delivery.look).of,
      activated: candidates.activated,
    }),
  )
  await vault.open()
  vaultTried.resolve()

  const world = () => observe(engine, delivery.look)(AbortSignal.timeout(lookMs))
  const known = () => ({
    volumes: catalogue.all(),
    imageLabels: imageLabels.get,
    defaults: { defaultMode: settings.delivery.defaultMode, defaultStrategy: settings.rotation.default },
  })
  const seen = { vault, loop, world, known, refusals: refusals.all }
  const own = {
    version,
    host: hostname(),
    startedAt,
    stats: store.stats,
    ram: delivery.ram,
    problems: standing.problems,
  }
  const checks = createChecks({ engine, ram: delivery.ram, vault: vault.state, connected: standing.connected })
  const control = createControl({
    ...{ vault, loop, emit, maxValueBytes },
    version: { version, pid, startedAt },
    status: createStatus({ ...seen, ...own }),
    explain: createExplain(seen),
    names: createNames(seen),
    checks: () => checks(AbortSignal.timeout(lookMs)),
    scan: createScan({ engine, values: store.inUse, expectedDirs: () => [paths.values] }),
    events: report,
  })
  const sockets = await listenControl(control).catch(refuseSecond)

  report.follow(({ kind }) => {
    // Where dockerd keeps its records is asked while it answers, for the boot at which it does not.
    if (kind === 'docker.connected')
      engine.info(AbortSignal.timeout(lookMs)).then(records.remember).catch(problem('docker'))
  })
  watchSettings({
    ...{ file: config, emit, signal },
    changed: (next) => {
      if (next.local.path !== settings.local.path || next.local.key !== settings.local.key)
        problem(config)('local.path and local.key are in force from the next start of the agent')
      settings = next
      report.configure(next.log)
      loop.wake()
    },
  })
  await loop.start(signal)

  emit({ kind: 'agent.stopping' })
  await Promise.all([plugin.close(), sockets.close()])
  await vault.close()
  return 0
}

/** Aborted by SIGTERM or SIGINT. Values stay where they are then, in the tmpfs that containers read. */
function untilEnded(): AbortSignal {
  const controller = new AbortController()
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => controller.abort())
  return controller.signal
}

function refuseSecond(error: unknown): never {
  if (!(error instanceof SocketTaken)) throw error
  throw new Failure('AGENT_DOWN', 'another agent runs on this host', 'stop that one first')
}

/** What may be told of an error of whatever origin: our own sentence, or its name and code. */
function said(error: unknown): string {
  if (isFailure(error)) return error.message
  if (typeof error === 'string') return error
  return error instanceof Error
    ? `${error.name} ${(error as NodeJS.ErrnoException).code ?? ''}`.trim()
    : 'unknown error'
}
