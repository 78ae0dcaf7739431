/**
 * Measures what performance claims rest on, on a real engine: `npm run -s bench -- [--json] [--only NAME…] [--engine NAME]`.
 * Ours and peer alternate in the same run; goals are ratios or bounds. Exit 8 when one does not hold.
 */
import { parseArgs } from 'node:util'
import { repository } from '../test/lab/furnish.ts'
import { type EngineName, openLab } from '../test/lab/lab.ts'
import type { Figure, Measurement } from './figure.ts'
import { cli } from './figures/cli.ts'
import { fleet } from './figures/fleet.ts'
import { idle } from './figures/idle.ts'
import { live } from './figures/live.ts'
import { start } from './figures/start.ts'

const measurements: readonly Measurement[] = [start, live, cli, idle, fleet]

const { values, positionals } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: [] },
    engine: { type: 'string', default: 'current' },
  },
  allowPositionals: true,
})
const wanted = [...values.only, ...positionals]
const unknown = wanted.filter((name) => !measurements.some((m) => m.names.includes(name)))
if (unknown.length > 0) {
  const known = measurements.flatMap((m) => m.names).join(', ')
  console.error(`bench: there is no figure ${unknown.join(', ')}: choose of ${known}`)
  process.exit(2)
}

let failed = false
for (const measurement of measurements) {
  if (wanted.length > 0 && !measurement.names.some((name) => wanted.includes(name))) continue
  for (const figure of await measured(measurement)) {
    print(figure)
    failed ||= !figure.holds
  }
}
process.exitCode = failed ? 8 : 0

/** Each measurement has an engine and an agent of its own, so that none inherits another's load. */
async function measured(measurement: Measurement): Promise<readonly Figure[]> {
  const engine = values.engine as EngineName
  const lab = await openLab({ engine })
  try {
    const agent = await lab.startAgent({ argv: [`${repository}/dist/docker-dso`, 'agent'] })
    return await measurement.measure({
      lab,
      engine,
      agentPid: agent.pid,
      say: (text) => console.error(`bench: ${text}`),
    })
  } finally {
    await lab.close()
  }
}

function print(figure: Figure): void {
  if (values.json) console.log(JSON.stringify(figure))
  else
    console.log(
      `${figure.holds ? 'holds' : 'FAILS'}  ${figure.name} ${figure.ours} ${figure.unit} (goal ${figure.goal}): ${figure.how}`,
    )
}
