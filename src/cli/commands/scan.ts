import type { ScanLine } from '../../core/api.ts'
import type { Command } from '../command.ts'
import { plural } from '../print.ts'

export const scan: Command = {
  name: 'scan',
  usage: '',
  summary: 'Search this host for every value in use; say where one lies, never what',
  text: `Searched are docker inspect, layers, logs, dockerd's files, argv and environments of all processes, swap, core
patterns and DSO's own files, for each value and its base64, hex, URL and JSON forms. Needs root.`,
  examples: [['docker dso scan', 'exit status 8 when a value lies where none may lie: for CI']],
  options: [],
  least: 0,
  most: 0,
  run: async ({ terminal, client, json: asJson }) => {
    let findings = 0
    const draws = terminal.tty && !asJson
    const request = { level: 'root', method: 'POST', path: '/v1/scan', signal: terminal.ended } as const
    for await (const line of client.lines<ScanLine>(request)) {
      if (line.kind === 'done') findings = line.findings
      if (asJson) terminal.out(`${JSON.stringify(line)}\n`)
      else if (line.kind === 'progress') terminal.err(progress(line, draws))
      else terminal.out(`${draws ? '\r\x1b[K' : ''}${text(line)}\n`)
    }
    return findings > 0 ? 8 : 0
  },
}

/** One line that is drawn over on a terminal, else a line as each place begins. */
function progress({ what, done, total }: Extract<ScanLine, { kind: 'progress' }>, draws: boolean): string {
  if (draws) return `\r\x1b[K${`searching ${what} (${done} of ${total})`.slice(0, 79)}`
  return done === 0 ? `searching ${what}\n` : ''
}

function text(line: Exclude<ScanLine, { kind: 'progress' }>): string {
  if (line.kind === 'finding') return `FOUND ${line.reference} (${line.form}) in ${line.where}`
  if (line.kind === 'note') return line.text
  const result = line.findings === 0 ? 'no value found where none may lie' : plural(line.findings, 'finding')
  return `${plural(line.searched, 'place')} searched for ${plural(line.values, 'value')}: ${result} (${plural(line.expected, 'delivery', 'deliveries')} as expected)`
}
