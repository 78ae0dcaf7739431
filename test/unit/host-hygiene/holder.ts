/** Holds the bytes of its standard input in memory until it is killed; `guarded` calls protectProcess first. */
import { readSync } from 'node:fs'
import { protectProcess } from '../../../src/host/hygiene.ts'

if (process.argv[2] === 'guarded') protectProcess({ role: 'agent' })
const held = Buffer.allocUnsafeSlow(64)
const length = readSync(0, held)
process.stdout.write(`holding ${length}\n`)
setInterval(() => held.length, 1000)
