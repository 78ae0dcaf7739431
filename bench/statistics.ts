/** The p-quantile (0 to 1) of the samples by the nearest rank. */
export function quantile(samples: readonly number[], p: number): number {
  const sorted = samples.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(p * sorted.length) - 1)] ?? Number.NaN
}

export const median = (samples: readonly number[]): number => quantile(samples, 0.5)

/** `335 (321 to 410)`: median with the middle half. */
export const spread = (samples: readonly number[], digits = 0): string =>
  `${median(samples).toFixed(digits)} (${quantile(samples, 0.25).toFixed(digits)} to ${quantile(samples, 0.75).toFixed(digits)})`

export const rounded = (value: number, digits = 2): number => Number(value.toFixed(digits))

/** Runs the two in turn, `pairs` times, the first one alternating, after one uncounted pair; milliseconds of each. */
export async function alternate(
  pairs: number,
  ours: () => Promise<unknown>,
  peer: () => Promise<unknown>,
): Promise<{ ours: number[]; peer: number[] }> {
  const times = { ours: [] as number[], peer: [] as number[] }
  const timed = async (side: 'ours' | 'peer', counted: boolean) => {
    const start = performance.now()
    await (side === 'ours' ? ours() : peer())
    if (counted) times[side].push(performance.now() - start)
  }
  for (let pair = -1; pair < pairs; pair += 1) {
    const order = pair % 2 === 0 ? (['ours', 'peer'] as const) : (['peer', 'ours'] as const)
    for (const side of order) await timed(side, pair >= 0)
  }
  return times
}
