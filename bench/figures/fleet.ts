import { lstatSync, readdirSync } from 'node:fs'
import { eventually } from '../../test/lab/lab.ts'
import { residentMb, setSecret } from '../agent.ts'
import type { Bench, Figure, Measurement } from '../figure.ts'
import { rounded, spread } from '../statistics.ts'

const volumes = 10
const rounds = 5

/** Many mounts: one secret changed in 500 of them, and the agent's memory with 1000 and a full vault. */
export const fleet: Measurement = {
  names: ['live_500_ms', 'rss_mb'],
  async measure(bench) {
    await setSecret(bench, 'dso://local/bench/fleet', 'r0')
    await containers(bench, 0, 50)
    const changed = await changeAll(bench, 500)
    await containers(bench, 50, 100)
    const rss = await memory(bench)
    await bench.lab.run(['sh', '-c', 'docker rm -f $(docker ps -aq)'], { timeoutMs: 600_000 })
    return [changed, rss]
  },
}

/** Starts containers `from` to `to`, each with ten dso volumes of its own. */
async function containers({ lab, say }: Bench, from: number, to: number): Promise<void> {
  say(`starting containers ${from} to ${to}, ${volumes} dso volumes each`)
  for (let n = from; n < to; n += 1) {
    const mounts = Array.from({ length: volumes }, (_, v) => ['-v', `fleet-${n}-${v}:/secrets/${v}`]).flat()
    await lab.docker('run', '-d', '--name', `fleet-${n}`, '--label', 'dso.secret.value=dso://local/bench/fleet', '--label', 'dso.rotation=live',
      '--volume-driver', 'dso', ...mounts, 'box', 'sleep', '100000', { timeoutMs: 60_000 }) // biome-ignore format: one command
  }
}

/** When each delivered directory last changed, by the kernel's own stamp of its `..data`. */
function stamps({ lab }: Bench): number[] {
  const values = lab.path('/run/dso/values')
  const found: number[] = []
  for (const slot of readdirSync(values)) {
    try {
      if (lstatSync(`${values}/${slot}/files/value`).isSymbolicLink())
        found.push(lstatSync(`${values}/${slot}/files/..data`).mtimeMs)
    } catch {}
  }
  return found
}

async function changeAll(bench: Bench, mounts: number): Promise<Figure> {
  bench.say(`live_500_ms: ${rounds} changes of one secret in ${mounts} mounts`)
  const samples: number[] = []
  for (let round = 1; round <= rounds; round += 1) {
    await setSecret(bench, 'dso://local/bench/fleet', `r${round}`)
    const answered = performance.timeOrigin + performance.now()
    const after = await eventually(
      () => {
        const now = stamps(bench).filter((at) => at >= answered - 1000)
        return now.length >= mounts ? now : null
      },
      { what: `all ${mounts} mounts changed`, deadlineMs: 60_000, intervalMs: 200 },
    )
    samples.push(Math.max(0, Math.max(...(after ?? [])) - answered))
    await new Promise((resolve) => setTimeout(resolve, 2000))
  }
  const worst = rounded(Math.max(...samples), 0)
  const how = `one secret in ${mounts} mounts of 50 containers, answer of set to the last mount changed (kernel stamps), ${rounds} changes: median ${spread(samples)} ms, worst ${worst} ms`
  return { name: 'live_500_ms', ours: worst, peer: null, goal: 1000, unit: 'ms', holds: worst < 1000, how }
}

async function memory(bench: Bench): Promise<Figure> {
  bench.say('rss_mb: 10,000 secrets into the vault')
  let next = 0
  const worker = async () => {
    while (next < 10_000) {
      next += 1
      await setSecret(bench, `dso://local/bench/many/s${next}`, `value of secret ${next}`)
    }
  }
  await Promise.all(Array.from({ length: 64 }, worker))
  await new Promise((resolve) => setTimeout(resolve, 15_000))
  const rss = rounded(residentMb(bench.agentPid), 0)
  const how = `VmRSS of the agent with 10,000 secrets in the vault and 1000 mounts in 100 containers, 15 s after the last change`
  return { name: 'rss_mb', ours: rss, peer: null, goal: 150, unit: 'MB', holds: rss <= 150, how }
}
