import type { SourceStatus, StatusAnswer, WorkloadStatus } from '../core/api.ts'
import { newlineSentence } from '../core/newline.ts'
import { ago, duration, paint, plural, size, table, wrapped } from './print.ts'
import type { Terminal } from './terminal.ts'

interface How {
  readonly terminal: Pick<Terminal, 'colour' | 'columns'>
  readonly now: number
  /** Containers, versions and quarantined versions of each workload as well. */
  readonly detailed: boolean
}

/** The status as people read it: what is, then under the tables one sentence for each thing that is not well. */
export function overview(answer: StatusAnswer, how: How): string {
  const width = how.terminal.columns()
  const parts = [
    headline(answer, how.now, width ?? Number.POSITIVE_INFINITY),
    ...answer.problems.map((problem) => `${paint(how.terminal, 'red', wrapped(problem, width ?? 80, '  '))}\n`),
  ]
  if (answer.sources.length > 0)
    parts.push(
      table(
        sourceHeading,
        answer.sources.map((source) => sourceRow(source, how.now)),
        width,
      ),
    )
  if (answer.workloads.length > 0) {
    const rows = answer.workloads.map((workload) => workloadRow(workload, how.now))
    parts.push(coloured(table(workloadHeading, rows, width), answer.workloads, how))
  } else parts.push('no container asks for secrets\n')
  for (const workload of answer.workloads) parts.push(below(workload, how, width ?? 80))
  return parts.join('')
}

function headline(answer: StatusAnswer, now: number, width: number): string {
  const facts = `dso ${answer.version} on ${answer.host}, up ${duration(now - Date.parse(answer.startedAt))}. `
  const held = `${plural(answer.secrets, 'secret')}, ${size(answer.ramBytes)} RAM, ${answer.ram}. `
  return `${wrapped(`${facts}${held}single-tenant: no grants`, width, '  ')}\n`
}

const sourceHeading = [
  { title: 'SOURCE', least: 8 },
  { title: 'STATE' },
  { title: 'LOOKED' },
  { title: 'IDENTITY', least: 12 },
  { title: 'SECRETS', right: true },
  { title: '', least: 12 },
]

const sourceRow = (
  { name, state, lookedAt, identity, secrets, message }: SourceStatus,
  now: number,
): readonly string[] => [
  name,
  state,
  lookedAt === undefined ? '' : duration(now - Date.parse(lookedAt)),
  identity,
  String(secrets),
  message ?? '',
]

const workloadHeading = [
  { title: 'WORKLOAD', least: 14 },
  { title: 'UP' },
  { title: 'FILES', right: true },
  { title: 'VARS', right: true },
  { title: 'ON CHANGE', least: 12 },
  { title: 'STATE', least: 16 },
]

const words: Readonly<Record<WorkloadStatus['state'], string>> = {
  ok: 'ok',
  changing: 'changing',
  'rolled-back': 'ROLLED BACK',
  refused: 'NOT STARTED',
  paused: 'paused',
  foreign: 'EMPTIED',
  outdated: 'older value',
}

const workloadRow = (status: WorkloadStatus, now: number): readonly string[] => [
  status.workload,
  `${status.running}/${status.total}`,
  String(status.files),
  String(status.vars),
  status.onChange,
  `${words[status.state]}${status.changedAt === undefined ? '' : changed(status, now)}`,
]

const changed = ({ state, changedAt }: WorkloadStatus, now: number): string =>
  `${state === 'ok' ? ', changed' : ''} ${ago(changedAt ?? '', now)}`

const severity = (state: WorkloadStatus['state']): 'green' | 'red' | 'yellow' =>
  state === 'ok' ? 'green' : state === 'rolled-back' || state === 'refused' || state === 'foreign' ? 'red' : 'yellow'

/** Lines of the table in the colour of their workload's state: fitted first, so that escapes take no room. */
function coloured(text: string, workloads: readonly WorkloadStatus[], { terminal }: How): string {
  if (!terminal.colour) return text
  const [heading = '', ...lines] = text.trimEnd().split('\n')
  const painted = lines.map((line, at) => {
    const state = workloads[at]?.state ?? 'ok'
    return state === 'ok' ? line : paint(terminal, severity(state), line)
  })
  return `${[paint(terminal, 'bold', heading), ...painted].join('\n')}\n`
}

/** What a row has no room for. */
function below(status: WorkloadStatus, how: How, width: number): string {
  const lines: string[] = []
  const { message } = status
  // What the line of a quarantine says again is not said before.
  const isSaid = status.quarantined.some(
    ({ read, version, reason }) => message === `version ${version} of ${read}: ${reason}`,
  )
  if (message !== undefined && !isSaid) lines.push(said(status.workload, message))
  for (const { read, version, reason } of status.quarantined) {
    lines.push(`${status.workload}: ${read} version ${version} is quarantined: ${reason}`)
  }
  const newline = newlineSentence(status.generation ?? {})
  if (newline !== undefined) lines.push(`${status.workload}: ${newline}`)
  if (how.detailed) {
    for (const { name, state } of status.containers) lines.push(`${name}: ${state}`)
    for (const [read, { version }] of Object.entries(status.generation?.reads ?? {}))
      lines.push(`${read} version ${version}`)
  }
  return lines.map((line) => `${wrapped(line, width, '  ')}\n`).join('')
}

/** A message of a failure names the workload itself. */
const said = (workload: string, message: string): string =>
  message.startsWith('dso: ') ? message.slice('dso: '.length) : `${workload}: ${message}`
