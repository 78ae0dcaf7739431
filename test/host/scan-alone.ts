/** Scans the machine it runs on for the value on its standard input, without an agent; prints one JSON line each. */
import { readFileSync } from 'node:fs'
import { createEngine } from '../../src/docker/engine.ts'
import { paths } from '../../src/host/paths.ts'
import { createScan } from '../../src/scan/scan.ts'
import { Secret } from '../../src/store/secret.ts'

const scan = createScan({
  engine: createEngine({ socket: paths.dockerSocket }),
  values: () => [{ reference: 'dso://local/canary', value: new Secret(readFileSync(0)) }],
  expectedDirs: () => [paths.values],
})
await scan((line) => console.log(JSON.stringify(line)), new AbortController().signal)
process.exit(0)
