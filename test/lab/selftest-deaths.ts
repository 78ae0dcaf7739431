import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import { eventually, openLab, product, sweep } from './lab.ts'
import { start } from './processes.ts'
import { gone, traces } from './selftest-traces.ts'

const node = product[0] ?? process.execPath

/** A lab goes when its test process is killed. */
export async function proveOwnerKilled(): Promise<void> {
  const { owner, id } = await startOwner()
  assert.notDeepEqual(traces(id), [])
  owner.kill('SIGKILL')
  await gone(id)
}

/** A lab whose keeper is killed too is swept by the next one. */
export async function proveKeeperKilled(): Promise<void> {
  const { owner, id, keeper } = await startOwner()
  process.kill(keeper, 'SIGKILL')
  owner.kill('SIGKILL')
  await owner.exited
  assert.notDeepEqual(traces(id), [])
  // Another test process may be the one that sweeps it.
  await sweep()
  await gone(id)
}

/** Starts this file as a test process that opens a lab with a running container, and waits until it has. */
async function startOwner() {
  const owner = start([node, '--disable-warning=ExperimentalWarning', fileURLToPath(import.meta.url), 'own'])
  await eventually(() => owner.stdout[0]?.startsWith('open') ?? false, {
    what: `a lab of another process: ${owner.output()}`,
  })
  const [, id = '', keeper = ''] = owner.stdout[0]?.split(' ') ?? []
  return { owner, id, keeper: Number(keeper) }
}

if (process.argv[2] === 'own') {
  const lab = await openLab({ engine: 'debian' })
  await lab.docker('run', '-d', '--restart', 'always', 'box', 'sleep', '1000')
  console.log(`open ${lab.id} ${lab.keeper}`)
  await new Promise(() => setInterval(() => {}, 1000))
}
