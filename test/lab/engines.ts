import { existsSync, readFileSync } from 'node:fs'

/** Which of the two unpacked Docker engines: the distribution's or the newest that Debian carries. */
export type EngineName = 'debian' | 'current'

/** Both engines, oldest first. */
export const engines: readonly EngineName[] = ['debian', 'current']

const cache = process.env['DSO_ENGINES'] ?? '/var/cache/dso-engines'

/** The cache folder that `scripts/engines install` fills. */
export const engineCache = (): string => cache

/** The folder of one engine. */
export const engineFolder = (engine: EngineName): string => `${cache}/${engine}`

/** What the engine says of its version, for example `Docker version 28.5.2, build 3ef3c07`. */
export function engineVersion(engine: EngineName): string {
  const file = `${engineFolder(engine)}/complete`
  if (!existsSync(file)) throw new Error(`${engineFolder(engine)}: no engine there; run scripts/engines install`)
  return readFileSync(file, 'utf8').trim()
}
