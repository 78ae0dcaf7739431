/** Holds the bytes of its standard input in memory until it is killed, or throws them; `guarded` calls protectProcess first. */
import { readSync } from 'node:fs'
import { protectProcess } from '../../../src/host/hygiene.ts'

if (process.argv[2] === 'guarded') protectProcess({ role: 'agent' })
const held = Buffer.allocUnsafeSlow(64)
const length = readSync(0, held)
if (process.argv[3] === 'throwing') {
  const text = held.toString('utf8', 0, length)
  throw Object.assign(new SyntaxError(`not JSON: ${text}\n    at ${text}`, { cause: new Error(text) }), { text })
}
process.stdout.write(`holding ${length}\n`)
setInterval(() => held.length, 1000)
