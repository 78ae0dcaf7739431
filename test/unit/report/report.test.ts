import { describe, expect, it } from 'vitest'
import { createReport } from '../../../src/report/report.ts'

const collecting = () => {
  const lines: string[] = []
  return { lines, to: { write: (line: string) => void lines.push(line) } }
}

describe('report', () => {
  it('numbers events and answers those after a number or a time', () => {
    const report = createReport({ level: 'info', format: 'text' }, collecting().to)
    const heard: number[] = []
    const stop = report.follow(({ seq }) => heard.push(seq))
    report.emit({ kind: 'agent.stopping' })
    report.emit({ kind: 'problem', where: 'a', message: 'b' })
    stop()
    report.emit({ kind: 'agent.stopping' })
    expect(report.since(1).map(({ seq }) => seq)).toEqual([2, 3])
    expect(report.since(new Date(0))).toHaveLength(3)
    expect(report.since(new Date(Date.now() + 1000))).toHaveLength(0)
    expect(heard).toEqual([1, 2])
  })

  it('keeps the last 20,000', () => {
    const report = createReport({ level: 'error', format: 'text' }, collecting().to)
    for (let n = 0; n < 20_010; n += 1) report.emit({ kind: 'agent.stopping' })
    const all = report.since(0)
    expect(all).toHaveLength(20_000)
    expect([all[0]?.seq, all.at(-1)?.seq]).toEqual([11, 20_010])
  })

  it('logs text and JSON by level, one line each, foreign characters escaped', () => {
    const { lines, to } = collecting()
    const report = createReport({ level: 'warn', format: 'text' }, to)
    report.emit({ kind: 'agent.stopping' })
    report.emit({ kind: 'problem', where: 'docker', message: 'a\n\u202eb' })
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/ warn {2}problem: docker: a\\u\{a\}\\u\{202e\}b\n$/)
    report.configure({ level: 'info', format: 'json' })
    report.emit({ kind: 'mount.refused', workload: 'w', volume: 'v', code: 'RAM_FULL', message: 'm' })
    expect(JSON.parse(lines[1] ?? '')).toMatchObject({
      level: 'warn',
      kind: 'mount.refused',
      workload: 'w',
      code: 'RAM_FULL',
      message: 'm',
      seq: 3,
    })
  })
})
