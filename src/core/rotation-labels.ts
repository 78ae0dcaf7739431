import { adviceOr } from './advice.ts'
import { parseDuration } from './duration.ts'
import { Failure } from './failure.ts'
import type { Check, Rotation, StrategyAsked } from './model.ts'
import { nearestOr } from './nearest.ts'
import { nearestSignal, signalName } from './signals.ts'
import { splitWords } from './words.ts'

const strategies = ['auto', 'live', 'signal', 'none']
const later = ['exec', 'restart', 'rolling']

const LONGEST = 24 * 60 * 60 * 1000

/** Labels of this kind that this version acts on, `dso.` left off. */
export const rotationKeys = [
  'rotation',
  'rotation.check',
  'rotation.timeout',
  'rotation.settle',
  'rotation.gather',
] as const

/**
 * Reads the `dso.rotation*` labels. Throws Failure STRATEGY_IMPOSSIBLE for a strategy of a later version, BAD_LABEL for
 * what is none, for a signal that no process can catch, a check of a foreign address and a time without a unit.
 */
export function parseRotation(labels: Readonly<Record<string, string>>, byDefault: StrategyAsked['kind']): Rotation {
  const check = labels['dso.rotation.check']
  const strategy = labels['dso.rotation']
  return {
    strategy: strategy === undefined ? ({ kind: byDefault } as StrategyAsked) : parseStrategy(strategy),
    ...(check === undefined ? {} : { check: parseCheck(check) }),
    ...time(labels, 'timeout', 1),
    ...time(labels, 'settle', 0),
    ...time(labels, 'gather', 0),
  }
}

function parseStrategy(text: string): StrategyAsked {
  const [kind = '', ...rest] = text.trim().split(/\s+/)
  if (later.includes(kind))
    throw new Failure(
      'STRATEGY_IMPOSSIBLE',
      `dso.rotation: ${kind} is not in this version`,
      'use live, signal NAME or none',
    )
  if (kind === 'signal') return { kind, signal: parseSignal(rest) }
  if (kind !== 'auto' && kind !== 'live' && kind !== 'none')
    throw bad(
      'dso.rotation',
      `there is no strategy ${shown(kind)}`,
      nearestOr(kind, strategies, 'use auto, live, signal NAME or none'),
    )
  if (rest.length > 0) throw bad('dso.rotation', `${kind} takes no words after it`, `write ${kind}`)
  return { kind }
}

function parseSignal([name, ...rest]: string[]): string {
  if (name === undefined || rest.length > 0)
    throw bad('dso.rotation', 'signal takes one name', 'write the name of one signal: signal SIGHUP')
  const signal = signalName(name)
  if (signal !== undefined) return signal
  if (/^(SIG)?(KILL|STOP)$/.test(name))
    throw bad(
      'dso.rotation',
      `no process can be told anything by ${name}`,
      'use the signal that makes it read its files again, often SIGHUP',
    )
  const near = nearestSignal(name)
  throw bad('dso.rotation', `there is no signal ${shown(name)}`, `write signal ${near ?? 'SIGHUP'}`)
}

/** The container's own addresses only: a label must not make the agent call somebody else. */
function parseCheck(text: string): Check {
  const label = 'dso.rotation.check'
  const [, kind, rest = ''] = /^(exec|http:|tcp:)(?![A-Za-z])(.*)$/s.exec(text.trim()) ?? []
  if (kind === 'exec') return { kind, words: parseExec(label, rest) }
  if (kind === undefined) throw bad(label, 'it is no check', 'write exec WORD..., http://:8080/ready or tcp://:5432')
  const [, host, digits, path = ''] = /^\/\/([^/:]*|\[[^\]]*\])(?::(\d{1,5}))?(\/[\x21-\x7e]*)?$/.exec(rest) ?? []
  if (host !== undefined && host !== '')
    throw bad(
      label,
      'it names a host, but only the container itself is asked',
      adviceOr(`leave the host away: ${kind}//:${digits ?? 8080}${path}`, 'leave the host away'),
    )
  const port = Number(digits)
  if (!(port >= 1 && port <= 65535) || path.includes('#') || (kind === 'tcp:' && path !== ''))
    throw bad(label, 'it names no port', `write ${kind === 'tcp:' ? 'tcp://:5432' : 'http://:8080/ready'}`)
  return kind === 'tcp:' ? { kind: 'tcp', port } : { kind: 'http', port, path: path === '' ? '/' : path }
}

function parseExec(label: string, text: string): readonly string[] {
  const split = splitWords(text)
  if ('words' in split && split.words.length > 0 && split.words[0] !== '') return split.words
  if ('fault' in split && split.fault === 'shell')
    throw bad(
      label,
      'exec runs no shell, and an unquoted ; & | < > or ` needs one',
      "quote it, or write exec sh -c '...'",
    )
  const what = 'fault' in split ? 'a quote or backslash at its end is not closed' : 'exec names no program'
  throw bad(label, what, 'write exec and the words, as in command: of Compose')
}

type Times = Pick<Rotation, 'timeoutMs' | 'settleMs' | 'gatherMs'>

function time(labels: Readonly<Record<string, string>>, name: 'timeout' | 'settle' | 'gather', least: number): Times {
  const label = `dso.rotation.${name}`
  const text = labels[label]
  if (text === undefined) return {}
  const ms = parseDuration(text)
  if (ms !== undefined && ms >= least && ms <= LONGEST) return { [`${name}Ms`]: ms }
  const remedy = /^\d+$/.test(text)
    ? `write the unit: ${text.slice(0, 9)}s`
    : 'write a time of at most 24h, such as 500ms, 5s or 1h30m'
  throw bad(label, `${shown(text)} is no time`, remedy)
}

const bad = (label: string, what: string, remedy: string): Failure =>
  new Failure('BAD_LABEL', `${label}: ${what}`, remedy)

const shown = (text: string): string => JSON.stringify(text.slice(0, 40))
