import { nearest } from './nearest.ts'

/** Signals of Linux that a process can be told by; KILL and STOP are not among them: nobody can catch them. */
const names = [
  'HUP INT QUIT TRAP ABRT USR1 USR2 PIPE ALRM TERM CHLD CONT TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS',
  'ILL BUS FPE SEGV STKFLT RTMIN RTMAX',
].flatMap((line) => line.split(' '))

const signals: ReadonlySet<string> = new Set([
  ...names,
  ...Array.from({ length: 15 }, (_, index) => `RTMIN+${index + 1}`),
  ...Array.from({ length: 14 }, (_, index) => `RTMAX-${index + 1}`),
])

/** The signal as Docker takes it (`SIGHUP`) for a name with or without SIG; undefined: a process cannot be told by it. */
export function signalName(name: string): string | undefined {
  const bare = name.replace(/^SIG/, '')
  return signals.has(bare) ? `SIG${bare}` : undefined
}

export function nearestSignal(name: string): string | undefined {
  const bare = nearest(name.toUpperCase().replace(/^SIG/, ''), signals)
  return bare === undefined ? undefined : `SIG${bare}`
}
