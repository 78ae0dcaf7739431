import { repository } from '../../test/lab/furnish.ts'
import type { Measurement } from '../figure.ts'
import { alternate, median, rounded, spread } from '../statistics.ts'

const pairs = 30

/** What the command line costs: `docker dso status` against `docker version`, and the plugin handshake against docker's own start. */
export const cli: Measurement = {
  names: ['cli_ratio', 'handshake_ratio'],
  async measure({ lab, say }) {
    await lab.run([`${repository}/dist/docker-dso`, 'install'])
    for (let n = 0; n < 10; n += 1) await lab.dso('secret', 'set', `bench/cli#f${n}`, { input: `value-${n}` })
    say(`cli_ratio, handshake_ratio: ${pairs} pairs`)
    const status = await alternate(
      pairs,
      () => lab.docker('dso', 'status'),
      () => lab.docker('version'),
    )
    const handshake = await alternate(
      pairs,
      () => lab.run(['/usr/local/lib/docker/cli-plugins/docker-dso', 'docker-cli-plugin-metadata']),
      () => lab.docker('--version'),
    )
    const ratio = rounded(median(status.ours) / median(status.peer))
    const greeting = rounded(median(handshake.ours) / median(handshake.peer))
    return [
      { name: 'cli_ratio', ours: ratio, peer: 1, goal: 3, unit: 'ratio', holds: ratio <= 3,
        how: `docker dso status through the agent with 10 secrets ${spread(status.ours)} ms against docker version ${spread(status.peer)} ms, ${pairs} alternating pairs` },
      { name: 'handshake_ratio', ours: greeting, peer: 1, goal: 1, unit: 'ratio', holds: greeting <= 1,
        how: `plugin metadata ${spread(handshake.ours)} ms against docker --version ${spread(handshake.peer)} ms, ${pairs} alternating pairs` },
    ] // biome-ignore format: two rows
  },
}
