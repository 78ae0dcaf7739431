import { Failure } from '../../../src/core/failure.ts'

/** The Failure that `act` throws, as its message; anything else it throws, or nothing, fails the test. */
export function refusal(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (error instanceof Failure) return error.message
    throw error
  }
  throw new Error('it was not refused')
}
