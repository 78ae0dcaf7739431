import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { node } from '../../test/lab/furnish.ts'
import { eventually } from '../../test/lab/lab.ts'
import { setSecret } from '../agent.ts'
import type { Bench, Measurement } from '../figure.ts'
import { median, quantile, rounded, spread } from '../statistics.ts'

const changes = 200

/** Stamps each new value with the clock that all processes of a machine share. */
const watcher = `
const fs = require('node:fs')
let last = ''
const look = () => {
  let value
  try { value = fs.readFileSync('/run/secrets/value', 'utf8') } catch { return }
  if (value === last) return
  last = value
  console.log(value, performance.timeOrigin + performance.now())
}
fs.watch('/run/secrets', look)
look()
`

/** From the answer of a set to the moment that a process in the container has read the value. */
export const live: Measurement = {
  names: ['live_p99_ms'],
  async measure(bench) {
    const { lab, say } = bench
    await nodeImage(bench)
    await setSecret(bench, 'dso://local/bench/live', 'v0')
    await lab.docker('run', '-d', '--name', 'bench-live', '--label', 'dso.secret.value=dso://local/bench/live', '--volume-driver', 'dso',
      '-v', 'bench-live:/run/secrets', 'bench-node', '/node', '-e', watcher) // biome-ignore format: one command
    const reader = lab.spawn(['docker', 'logs', '-f', 'bench-live'])
    const seen = (value: string) => reader.stdout.find((line) => line.startsWith(`${value} `)) ?? null
    await eventually(() => seen('v0'), { what: 'first value read in the container' })
    say(`live_p99_ms: ${changes} changes`)
    const samples: number[] = []
    for (let n = 1; n <= changes; n += 1) {
      await setSecret(bench, 'dso://local/bench/live', `v${n}`)
      const answered = performance.timeOrigin + performance.now()
      const line = await eventually(() => seen(`v${n}`), { what: `change ${n} read in the container`, intervalMs: 5 })
      samples.push(Math.max(0, Number(line?.split(' ')[1]) - answered))
    }
    await reader.stop()
    await lab.docker('rm', '-f', 'bench-live')
    const p99 = rounded(quantile(samples, 0.99), 1)
    const how = `answer of set to read by a watching process in the container, ${changes} changes: median ${spread(samples, 1)} ms, p99 ${p99} ms (0: read before the answer arrived)`
    return [
      {
        name: 'live_p99_ms',
        ours: p99,
        peer: null,
        goal: 50,
        unit: 'ms',
        holds: p99 < 50 && median(samples) >= 0,
        how,
      },
    ]
  },
}

/** An image that holds the runtime and the libraries it names, so that a real file watcher runs in a container. */
async function nodeImage({ lab }: Bench): Promise<void> {
  const libraries = execFileSync('ldd', [node], { encoding: 'utf8' }).match(/\/\S+(?= \()/g) ?? []
  const files: Record<string, Buffer> = { '/node': readFileSync(node) }
  for (const library of libraries) files[library] = readFileSync(library)
  await lab.image('bench-node', { files })
}
