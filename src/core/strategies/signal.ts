import { renewals, type Strategy, watchAndProve } from './strategy.ts'

/** Swaps the files, then tells the process. Whoever may have missed the signal is told again: a second one does no harm. */
export const signal: Strategy = {
  name: 'signal',
  steps: (turn) => {
    const { strategy } = turn.rotation
    const name = strategy.kind === 'signal' ? strategy.signal : undefined
    return [...renewals([...turn.changed, ...turn.open], name), ...watchAndProve(turn)]
  },
}
