import { readFileSync } from 'node:fs'

/** Whether the host has swap in use: /proc/swaps has a line below its heading. Unreadable counts as active. */
export function swapActive(): boolean {
  try {
    return readFileSync('/proc/swaps', 'utf8').trim().split('\n').length > 1
  } catch {
    return true
  }
}
