import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseDuration } from '../../../src/core/duration.ts'
import type { Rotation } from '../../../src/core/model.ts'
import { parseRotation } from '../../../src/core/rotation-labels.ts'
import { splitWords } from '../../../src/core/words.ts'
import { refusal } from './refusal.ts'

const rotation = (labels: Record<string, string>): Rotation => parseRotation(labels, 'auto')
const refused = (labels: Record<string, string>): string => refusal(() => rotation(labels))

describe('dso.rotation', () => {
  it('is auto, or what dso.yaml says, unless a label says more', () => {
    expect(rotation({})).toEqual({ strategy: { kind: 'auto' } })
    expect(parseRotation({}, 'none')).toEqual({ strategy: { kind: 'none' } })
    expect(parseRotation({ 'dso.rotation': 'auto' }, 'none')).toEqual({ strategy: { kind: 'auto' } })
    expect(rotation({ 'dso.rotation': 'live' })).toEqual({ strategy: { kind: 'live' } })
  })

  it.each(['signal HUP', 'signal SIGHUP', ' signal  SIGHUP '])('%j names SIGHUP', (text) => {
    expect(rotation({ 'dso.rotation': text }).strategy).toEqual({ kind: 'signal', signal: 'SIGHUP' })
  })

  it.each([
    [
      'exec nginx -s reload',
      'dso.rotation: exec is not in this version: use live, signal NAME or none [STRATEGY_IMPOSSIBLE]',
    ],
    ['restart', 'restart is not in this version'],
    ['rolling', 'rolling is not in this version'],
    ['liev', 'did you mean live?'],
    ['', 'there is no strategy ""'],
    ['live now', 'live takes no words after it'],
    ['signal', 'signal takes one name'],
    ['signal HUP USR1', 'signal takes one name'],
    ['signal hup', 'write signal SIGHUP'],
    ['signal SIGUP', 'write signal SIGHUP'],
    ['signal 1', 'there is no signal "1"'],
    ['signal SIGKILL', 'no process can be told anything by SIGKILL'],
  ])('%j is refused', (text, why) => {
    expect(refused({ 'dso.rotation': text })).toContain(why)
  })
})

describe('dso.rotation.check', () => {
  it.each<[string, Rotation['check']]>([
    ['http://:8080/ready?deep=1', { kind: 'http', port: 8080, path: '/ready?deep=1' }],
    ['http://:80', { kind: 'http', port: 80, path: '/' }],
    ['tcp://:5432', { kind: 'tcp', port: 5432 }],
    ['exec pg_isready -q', { kind: 'exec', words: ['pg_isready', '-q'] }],
    [`exec sh -c 'test "$(cat x)" = y; true'`, { kind: 'exec', words: ['sh', '-c', 'test "$(cat x)" = y; true'] }],
  ])('%s', (text, check) => {
    expect(rotation({ 'dso.rotation.check': text }).check).toEqual(check)
  })

  it.each([
    ['http://localhost:8080/ready', 'leave the host away: http://:8080/ready'],
    ['http://169.254.169.254/latest', 'it names a host'],
    ['tcp://[::1]:5432', 'it names a host'],
    ['https://:8443/', 'it is no check'],
    ['http://:0/', 'it names no port'],
    ['http://:70000/', 'it names no port'],
    ['tcp://:5432/x', 'it names no port'],
    ['http://:80/a b', 'it names no port'],
    ['http://:80@evil/', 'it names no port'],
    ['exec', 'names no program'],
    ['exec sh -c "open', 'is not closed'],
    ['exec a && b', 'exec runs no shell'],
    ['execute x', 'it is no check'],
    ['curl localhost', 'it is no check'],
  ])('%s is refused', (text, why) => {
    expect(refused({ 'dso.rotation.check': text })).toContain(why)
  })
})

describe('times', () => {
  it.each([
    ['500ms', 500],
    ['5s', 5000],
    ['2m', 120_000],
    ['1h30m', 5_400_000],
    ['1m500ms', 60_500],
    ['0s', 0],
  ])('%s', (text, ms) => {
    expect(parseDuration(text)).toBe(ms)
  })

  it.each(['', '5', '1.5s', '5 s', '30m1h', '1s1s', '-1s', '5S'])('%j is none', (text) => {
    expect(parseDuration(text)).toBeUndefined()
  })

  it('stand in three labels', () => {
    expect(
      rotation({ 'dso.rotation.timeout': '90s', 'dso.rotation.settle': '0s', 'dso.rotation.gather': '2s' }),
    ).toMatchObject({ timeoutMs: 90_000, settleMs: 0, gatherMs: 2000 })
    expect(refused({ 'dso.rotation.timeout': '90' })).toContain('write the unit: 90s')
    expect(refused({ 'dso.rotation.timeout': '0s' })).toContain('is no time')
    expect(refused({ 'dso.rotation.settle': '25h' })).toContain('at most 24h')
  })
})

describe('words', () => {
  it.each([
    ['a b  c', ['a', 'b', 'c']],
    [`a 'b c' "d e"f`, ['a', 'b c', 'd ef']],
    ['a\\ b "c\\"d" \'e\\f\'', ['a b', 'c"d', 'e\\f']],
    ['"" x', ['', 'x']],
    ['$HOME *', ['$HOME', '*']],
  ])('%s', (text, words) => {
    expect(splitWords(text)).toEqual({ words })
  })

  it('every list of words can be written', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), (words) => {
        const quoted = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')
        expect(splitWords(quoted)).toEqual({ words })
      }),
    )
  })
})
