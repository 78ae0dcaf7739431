import { renewals, type Strategy, watchAndProve } from './strategy.ts'

/** Swaps the files under the running process, which sees them by itself. */
export const live: Strategy = {
  name: 'live',
  steps: (turn) => [...renewals(turn.changed), ...watchAndProve(turn)],
}
