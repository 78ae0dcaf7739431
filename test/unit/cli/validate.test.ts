import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { composeFindings } from '../../../src/cli/compose.ts'
import { validate } from '../../../src/cli/validate.ts'
import { fakeTerminal } from './terminal.ts'

const told = (text: string) =>
  composeFindings(text).map(({ line, column, what, remedy }) => `${line}:${column} ${what} => ${remedy}`)

describe('the labels of a Compose file', () => {
  it('are found good as mapping, as list, and through anchors', () => {
    const text = `
x-labels: &labels
  dso.secret.user: dso://local/shop/db#user
services:
  api:
    labels:
      <<: *labels
      dso.secret.password: dso://local/shop/db#password
      dso.mode.password: "0400"
      dso.rotation: signal SIGHUP
      com.example.other: 3
  worker:
    labels:
      - dso.secret.url=postgres://app:<dso://local/shop/db#password|url>@db/app
      - other=x
  plain: {image: x}
volumes:
  s: {driver: dso, driver_opts: {dso.secret.x: "dso://local/x"}}
  other: {driver: local, driver_opts: {type: tmpfs}}
`
    expect(told(text)).toEqual([])
  })

  it.each([
    ['services: {a: {labels: {dso.secrt.x: "dso://local/a"}}}', /^1:25 a: .*dso\.secrt\.x.* => .*dso\.secret/],
    [
      'services:\n  a:\n    labels:\n      - dso.secret.x=dso://local/a#b?version=3',
      /^4:9 a: .* => .*dso:\/\/local\/a\?version=3#b/,
    ],
    [
      'services:\n  a:\n    labels:\n      dso.secret.x: dso://local/a\n      dso.mode: 256',
      '5:7 a: dso.mode is a number to YAML => write it quoted: "0400"',
    ],
    ['services:\n  a:\n    labels:\n      dso.secret.x: dso://vault/a', /^4:7 a: .*vault/],
    [
      'services:\n  a:\n    deploy: {labels: {dso.secret.x: "dso://local/a"}}',
      /^3:23 a: labels below deploy reach no container/,
    ],
    ['services:\n  a:\n    labels:\n      dso.rotation: rolling', /^4:7 a: .*not in this version/],
    ['volumes:\n  v:\n    driver: dso\n    driver_opts: {secret: x}', /^4:19 volume v: /],
    ['services: [', /^1:\d+ this is no YAML/],
    ['services:\n  a: {labels: {dso.secret.x: "dso://local/a", dso.mode.y: "0400"}}', /^2:\d+ a: .*dso\.mode\.y/],
  ])('%j', (text, said) => {
    const all = told(text)
    expect(all).toHaveLength(1)
    if (typeof said === 'string') expect(all[0]).toBe(said)
    else expect(all[0]).toMatch(said)
  })

  it('names every fault of every service', () => {
    const text = 'services:\n  a: {labels: {dso.foo: x, dso.bar: y}}\n  b: {labels: {dso.secret.x: nothing}}\n'
    expect(told(text).map((line) => line.split(' ')[0])).toEqual(['2:16', '2:28', '3:16'])
  })
})

describe('validate', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync('/tmp/dso-validate-')
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }

  it('prints FILE:LINE:COLUMN and exits with 8 on a finding', async () => {
    const files = [file('dso.yaml', 'lug: {}'), file('compose.yaml', 'services: {}')]
    const terminal = fakeTerminal()
    expect(await validate(files, 'text', terminal)).toBe(8)
    expect(terminal.output()).toBe(`${files[0]}:1:1: unknown key lug: did you mean log?\n2 files checked: 1 finding\n`)
  })

  it('prints JSON', async () => {
    const terminal = fakeTerminal()
    expect(await validate([file('dso.yaml', '')], 'json', terminal)).toBe(0)
    expect(JSON.parse(terminal.output())).toEqual([])
  })

  it('refuses what cannot be read', async () => {
    await expect(validate([join(folder, 'no')], 'text', fakeTerminal())).rejects.toThrow(/cannot be read \(ENOENT\)/)
    await expect(validate([file('big.yaml', 'a'.repeat(2_000_000))], 'text', fakeTerminal())).rejects.toThrow(
      'larger than 1 MiB',
    )
  })
})
