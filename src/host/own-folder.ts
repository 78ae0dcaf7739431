import { chmodSync, mkdirSync, statSync } from 'node:fs'
import { UnsafeProcess } from './hygiene.ts'

/**
 * Makes a folder that nobody else writes in, or takes the write permissions of others from the one that is there.
 * Throws UnsafeProcess for one that belongs to somebody else, who could put anything in the place of our files.
 */
export function ownFolder(path: string, mode: number): void {
  mkdirSync(path, { recursive: true, mode })
  const found = statSync(path)
  if (found.uid !== process.geteuid?.()) {
    throw new UnsafeProcess(`${path} belongs to uid ${found.uid}, not to root`, `chown root ${path}, if you know why`)
  }
  if ((found.mode & 0o022) !== 0) chmodSync(path, mode)
}
