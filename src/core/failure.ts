/** The table of failures. A code is the audit reason, the metric label and a heading of docs/errors.md. */
export const failures = {
  BAD_REFERENCE: { exit: 2, retry: false },
  BAD_LABEL: { exit: 2, retry: false },
  BAD_CONFIG: { exit: 2, retry: false },
  SECRET_NOT_FOUND: { exit: 3, retry: true },
  FIELD_NOT_FOUND: { exit: 3, retry: true },
  SOURCE_DENIED: { exit: 4, retry: true },
  SOURCE_UNREACHABLE: { exit: 5, retry: true },
  SOURCE_MALFORMED: { exit: 5, retry: true },
  SOURCE_UNKNOWN: { exit: 2, retry: true },
  GRANT_DENIED: { exit: 4, retry: true },
  VOLUME_AMBIGUOUS: { exit: 2, retry: true },
  VOLUME_UNCLAIMED: { exit: 2, retry: true },
  LOCAL_LOCKED: { exit: 6, retry: true },
  NOT_RAM: { exit: 1, retry: true },
  RAM_FULL: { exit: 1, retry: true },
  VALUE_TOO_LARGE: { exit: 2, retry: true },
  NOT_ADMITTED: { exit: 4, retry: false },
  UNHEALTHY: { exit: 7, retry: false },
  QUARANTINED: { exit: 7, retry: true },
  STRATEGY_IMPOSSIBLE: { exit: 2, retry: false },
  AGENT_DOWN: { exit: 6, retry: true },
} as const satisfies Record<string, { exit: number; retry: boolean }>

export type Code = keyof typeof failures

/** Most bytes of one message (docs/errors.md). */
const MESSAGE_LIMIT = 399
/** A remedy of at most so many is never cut: it is what is to be done. */
const REMEDY_ROOM = 200

/**
 * The one error that users read: `dso: WHERE: WHAT: REMEDY [CODE]`. Its texts are ASCII, hold no value and name the
 * service rather than the volume. Whoever throws it where the service is not known yet leaves `where` empty and a
 * caller that knows adds it by `at`.
 */
export class Failure extends Error {
  override readonly name = 'Failure'
  readonly code: Code
  readonly where: string
  readonly what: string
  readonly remedy: string

  constructor(code: Code, what: string, remedy: string, where = '') {
    super()
    this.code = code
    this.where = printable(where)
    this.what = printable(what)
    this.remedy = printable(remedy)
    this.message = sentence(this)
  }

  /** The same failure, said of `where` unless it already says of whom. */
  at(where: string): Failure {
    return this.where === '' ? new Failure(this.code, this.what, this.remedy, where) : this
  }

  toJSON(): { code: Code; where: string; what: string; remedy: string; message: string } {
    return { code: this.code, where: this.where, what: this.what, remedy: this.remedy, message: this.message }
  }
}

export const isFailure = (error: unknown, code?: Code): error is Failure =>
  error instanceof Failure && (code === undefined || error.code === code)

/** Whole where there is room; else the end of the remedy goes first, then that of what is wrong: who and the code stay. */
function sentence({ where, what, remedy, code }: Failure): string {
  const head = ['dso', where, what].filter((part) => part !== '').join(': ')
  const tail = ` [${code}]`
  const advice = shortened(remedy, Math.max(REMEDY_ROOM, MESSAGE_LIMIT - tail.length - head.length - 2))
  return `${shortened(head, MESSAGE_LIMIT - tail.length - advice.length - 2)}: ${advice}${tail}`
}

const shortened = (text: string, most: number): string => (text.length <= most ? text : `${text.slice(0, most - 3)}...`)

/** Text from elsewhere as one line of ASCII: control, bidi and other characters are shown as \u escapes. */
export function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/gu, (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`)
}
