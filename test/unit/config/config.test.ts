import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { defaults, loadSettings } from '../../../src/config/load.ts'
import { parseConfig } from '../../../src/config/parse.ts'
import { watchSettings } from '../../../src/config/watch.ts'
import type { Fact } from '../../../src/core/event.ts'
import type { Settings } from '../../../src/core/settings.ts'

const findings = (text: string): string[] => {
  const read = parseConfig(text)
  if ('settings' in read) throw new Error('it was accepted')
  return read.findings.map(({ line, column, what, remedy }) => `${line}:${column} ${what} => ${remedy}`)
}

describe('dso.yaml', () => {
  it('fills in the defaults that the documentation shows', () => {
    expect(parseConfig('')).toEqual({ settings: defaults })
    const page = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8')
    expect(parseConfig(/```yaml\n(.*?)```/s.exec(page)?.[1] ?? '')).toEqual({ settings: defaults })
    expect(defaults).toMatchObject({
      local: { path: '/var/lib/dso/local.age', key: 'auto', keepVersions: 10 },
      delivery: { sizeBytes: 268435456, maxValueBytes: 1048576, defaultMode: 0o444 },
      rotation: { default: 'auto', timeoutMs: 60_000, settleMs: 5000, gatherMs: 0 },
    })
  })

  it('takes every key of this version, and the defaults of later ones', () => {
    const text = `tenancy: single
allow_static_credentials: false
sources: {}
local: {path: /srv/a.age, key: "file:/etc/k", keep_versions: 3}
delivery: {size: 1GiB, max_value: 64KiB, default_mode: "0400"}
rotation: {default: live, timeout: 2m, settle: 500ms, gather: 1s, drain: 10s, parallel: 2, windows: []}
grants: []
log: {level: debug, format: json}
`
    expect(parseConfig(text)).toEqual({
      settings: {
        tenancy: 'single',
        local: { path: '/srv/a.age', key: 'file:/etc/k', keepVersions: 3 },
        delivery: { sizeBytes: 1024 ** 3, maxValueBytes: 65536, defaultMode: 0o400 },
        rotation: { default: 'live', timeoutMs: 120_000, settleMs: 500, gatherMs: 1000 },
        log: { level: 'debug', format: 'json' },
      },
    })
  })

  it.each([
    ['locl: {}', '1:1 unknown key locl => did you mean local?'],
    ['rotation:\n  timout: 3s', '2:3 unknown key timout => did you mean timeout?'],
    ['log: {}\nlog: {}', '2:1 this key stands here twice => keep one of the two'],
    ['log:\n\tlevel: info', /^2:1 a tab indents this line => indent with blanks/],
    ['tenancy: grants', /^1:1 tenancy only single is in this version => leave it out/],
    ['sources:\n  vault: {type: vault}', '1:1 sources not in this version => leave it out: only local is served'],
    ['delivery: {default_mode: 256}', '1:12 delivery.default_mode is a number to YAML => write it quoted: "0400"'],
    ['delivery: {default_mode: 0440}', '1:12 delivery.default_mode is a number to YAML => write it quoted: "0440"'],
    ['delivery: {size: 3 bananas}', /^1:12 delivery.size is no size from 64KiB to 64GiB/],
    ['rotation: {timeout: 5}', /^1:12 rotation.timeout is no duration/],
    ['local: {key: magic}', /^1:9 local.key is no key => write auto, credential/],
    ['local: 3', /^1:1 local is no list of keys/],
    ['- a', /^1:1 dso.yaml is no list of keys/],
    ['log: {level: loud}', /^1:7 log.level is none of the words .* => write trace, debug/],
  ])('refuses %j with line, column and remedy', (text, expected) => {
    const [first] = findings(text)
    if (typeof expected === 'string') expect(first).toBe(expected)
    else expect(first).toMatch(expected)
  })

  it('expands no aliases', () => {
    const bomb = [
      'a: &a [x, x]',
      ...'bcdefghi'.split('').map((n, i) => `${n}: &${n} [${`*${'abcdefgh'[i]}, `.repeat(9)}]`),
    ]
    expect(findings(bomb.join('\n'))[0]).toMatch(/^2:8 an alias stands here/)
  })
})

describe('the file', () => {
  let folder: string
  let file: string
  beforeEach(() => {
    folder = mkdtempSync('/tmp/dso-config-')
    file = join(folder, 'dso.yaml')
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  it('may be missing', () => expect(loadSettings(file)).toBe(defaults))

  it("must be root's alone, its directories too", () => {
    writeFileSync(file, '')
    chmodSync(file, 0o666)
    expect(() => loadSettings(file)).toThrow(/others than root may write .*dso.yaml: chown root/)
    chmodSync(file, 0o644)
    chmodSync(folder, 0o777)
    expect(() => loadSettings(file)).toThrow(`others than root may write ${folder}:`)
  })

  it("may be a link, if what it leads to is root's alone as well", () => {
    const others = join(folder, 'others')
    mkdirSync(others)
    writeFileSync(join(others, 'real.yaml'), 'log: {level: debug}\n')
    symlinkSync('others/real.yaml', file)
    expect(loadSettings(file).log.level).toBe('debug')
    chmodSync(others, 0o777)
    expect(() => loadSettings(file)).toThrow(`others than root may write ${others}:`)
  })

  it('is not read when it is 50 MB long, or no UTF-8', () => {
    writeFileSync(file, Buffer.alloc(50_000_000, 'a'))
    expect(() => loadSettings(file)).toThrow('larger than 1 MiB')
    writeFileSync(file, Buffer.from([0xff, 0xfe]))
    expect(() => loadSettings(file)).toThrow('not UTF-8')
  })

  it('is read again when it changes; a wrong one keeps the settings', async () => {
    const end = new AbortController()
    const facts: Fact[] = []
    const changed: Settings[] = []
    watchSettings({ file, emit: (fact) => facts.push(fact), changed: (s) => changed.push(s), signal: end.signal })
    writeFileSync(file, 'log: {level: debug}\n')
    await vi.waitFor(() => expect(changed[0]?.log.level).toBe('debug'), { timeout: 5000 })
    writeFileSync(file, 'lug: {level: debug}\n')
    await vi.waitFor(() => expect(facts.at(-1)).toMatchObject({ kind: 'config.refused' }), { timeout: 5000 })
    expect((facts.at(-1) as { message: string }).message).toMatch(
      /line 1, column 1: unknown key lug: did you mean log\?/,
    )
    expect(changed).toHaveLength(1)
    end.abort()
  })
})
