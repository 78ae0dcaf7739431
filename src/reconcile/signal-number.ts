import { constants } from 'node:os'

/** The number of a signal named as `SIGHUP`, `HUP`, `SIGRTMIN+3` or `1`; 0 for none of these. */
export function signalNumber(signal: string): number {
  if (/^\d+$/.test(signal)) return Number(signal)
  const name = signal.startsWith('SIG') ? signal : `SIG${signal}`
  return constants.signals[name as NodeJS.Signals] ?? realTime(name) ?? 0
}

/** As libc counts them: the first two belong to its threads. */
function realTime(name: string): number | undefined {
  const [, end, sign, offset] = /^SIGRT(MIN|MAX)(?:([+-])(\d+))?$/.exec(name) ?? []
  if (end === undefined) return undefined
  return (end === 'MIN' ? 34 : 64) + (sign === '-' ? -1 : 1) * Number(offset ?? 0)
}
