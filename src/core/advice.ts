import { printable } from './failure.ts'

/** More than this would push what is wrong out of a message. */
const LONGEST = 200

/** A remedy that repeats text from elsewhere, or `otherwise` if that text is too long to be repeated. */
export const adviceOr = (advice: string, otherwise: string): string =>
  printable(advice).length > LONGEST ? otherwise : advice
