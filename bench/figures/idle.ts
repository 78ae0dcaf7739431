import { cpuSeconds, setSecret } from '../agent.ts'
import type { Measurement } from '../figure.ts'
import { rounded } from '../statistics.ts'

const seconds = 60

/** What the agent uses of one core while nothing happens. */
export const idle: Measurement = {
  names: ['idle_cpu_pct'],
  async measure(bench) {
    const { lab, say, agentPid } = bench
    await setSecret(bench, 'dso://local/bench/idle', 'value')
    say('idle_cpu_pct: starting 100 containers')
    for (let n = 0; n < 100; n += 1) {
      await lab.docker('run', '-d', '--name', `idle-${n}`, '--label', 'dso.secret.value=dso://local/bench/idle', '--volume-driver', 'dso',
        '-v', `idle-${n}:/run/secrets`, 'box', 'sleep', '100000', { timeoutMs: 60_000 }) // biome-ignore format: one command
    }
    await new Promise((resolve) => setTimeout(resolve, 15_000))
    say(`idle_cpu_pct: ${seconds} s of nothing`)
    const before = cpuSeconds(agentPid)
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
    const pct = rounded(((cpuSeconds(agentPid) - before) / seconds) * 100, 2)
    await lab.run(['sh', '-c', 'docker rm -f $(docker ps -aq)'], { timeoutMs: 300_000 })
    const how = `processor time of the agent over ${seconds} s with 100 running containers, of one core`
    return [{ name: 'idle_cpu_pct', ours: pct, peer: null, goal: 0.5, unit: '%', holds: pct < 0.5, how }]
  },
}
