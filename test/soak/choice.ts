import type { CrashPoint, Scenario } from '../faults/points.ts'

/** What one run of the soak does. */
export type Fault =
  /** The agent is killed at a named place; `again`: and the next one too, wherever it passes that place. */
  | { readonly kind: 'point'; readonly point: string; readonly scenario: Scenario; readonly again?: string }
  /** The agent is killed so many milliseconds after a change was begun. */
  | { readonly kind: 'moment'; readonly afterMs: number }
  /** dockerd is killed, and perhaps the agent. */
  | { readonly kind: 'dockerd'; readonly agent: 'before' | 'after' | undefined }

/** Numbers from 0 up to 1 that are the same for the same seed (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/** One of many. */
export const one = <T>(random: () => number, of: readonly [T, ...T[]]): T =>
  of[Math.floor(random() * of.length)] ?? of[0]

/** One run in fifty kills dockerd; of the others one in five kills at any moment, one in ten twice. */
export function planFaults(runs: number, points: readonly CrashPoint[], random: () => number): readonly Fault[] {
  const [first, ...others] = points
  if (!first) throw new Error('there are no crash points')
  return Array.from({ length: runs }, (_, run): Fault => {
    const point = one(random, [first, ...others])
    const scenario = one(random, point.scenarios)
    const again = one(random, [first, ...others]).name
    const [chance, afterMs] = [random(), Math.floor(random() * 600)]
    if (run % 50 === 25) return { kind: 'dockerd', agent: one(random, [undefined, 'before', 'after'] as const) }
    if (chance < 0.2) return { kind: 'moment', afterMs }
    return { kind: 'point', point: point.name, scenario, ...(chance > 0.9 && { again }) }
  })
}
