import { type Strategy, watchAndProve } from './strategy.ts'

/** Running containers keep what they have; their next start gets the new values. What was begun before is still watched. */
export const none: Strategy = {
  name: 'none',
  steps: ({ open, rotation }) => watchAndProve({ changed: [], open, rotation }),
}
