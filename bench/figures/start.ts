import type { Measurement } from '../figure.ts'
import { alternate, median, rounded, spread } from '../statistics.ts'

const pairs = 30

/** What a start costs: `docker run --rm` with ten secrets against the same with a plain tmpfs volume. */
export const start: Measurement = {
  names: ['start_ratio'],
  async measure({ lab, say }) {
    const labels: string[] = []
    for (let n = 0; n < 10; n += 1) {
      await lab.dso('secret', 'set', `bench/start#f${n}`, { input: `value-${n}` })
      labels.push('--label', `dso.secret.f${n}=dso://local/bench/start#f${n}`)
    }
    await lab.docker('volume', 'create', '-d', 'dso', 'bench-start')
    await lab.docker('volume', 'create', '-o', 'type=tmpfs', '-o', 'device=tmpfs', 'bench-plain')
    const run = (volume: string) => lab.docker('run', '--rm', ...labels, '-v', `${volume}:/run/secrets`, 'box', 'true')
    say(`start_ratio: ${pairs} pairs of docker run --rm`)
    const times = await alternate(
      pairs,
      () => run('bench-start'),
      () => run('bench-plain'),
    )
    const ratio = rounded(median(times.ours) / median(times.peer))
    const how = `docker run --rm with 10 secrets ${spread(times.ours)} ms against a plain tmpfs volume ${spread(times.peer)} ms, ${pairs} alternating pairs, ratio of medians`
    return [{ name: 'start_ratio', ours: ratio, peer: 1, goal: 1.1, unit: 'ratio', holds: ratio <= 1.1, how }]
  },
}
