import { describe, expect, it } from 'vitest'
import { isIgnored, mergeOptions, parseAsked, withoutImageLabels } from '../../../src/core/labels.ts'
import { printReference } from '../../../src/core/reference.ts'
import { refusal } from './refusal.ts'

const defaults = { defaultMode: 0o444 }
const db = { 'dso.secret.db': 'dso://local/shop/db#password' }
const refused = (labels: Record<string, string>): string => refusal(() => parseAsked(labels, defaults))

describe('labels ask for files', () => {
  it('with the mode and owner of all, of one file, or of dso.yaml', () => {
    const { bindings } = parseAsked(
      {
        ...db,
        'dso.secret.tls.key': 'dso://local/shop/tls#key',
        'dso.mode.tls.key': '0400',
        'dso.uid': '1000',
        'dso.gid.db': '33',
        'com.example.mode': 'any',
      },
      { defaultMode: 0o440 },
    )
    expect(bindings.map(({ value: _, ...rest }) => rest)).toEqual([
      { file: 'db', mode: 0o440, uid: 1000, gid: 33 },
      { file: 'tls.key', mode: 0o400, uid: 1000, gid: 0 },
    ])
  })

  it('by dso.secret.* for many, with owners for files that are known only then', () => {
    const { expansions } = parseAsked({ 'dso.secret.*': 'dso://local/shop/*', 'dso.mode.db': '0400' }, defaults)
    expect(expansions).toMatchObject([{ mode: 0o444, perFile: { db: { mode: 0o400 } } }])
    expect(expansions.map(({ reference }) => printReference(reference))).toEqual(['dso://local/shop/*'])
  })

  it('and asks for nothing without them', () => {
    expect(parseAsked({ maintainer: 'x' }, defaults)).toEqual({
      bindings: [],
      expansions: [],
      rotation: { strategy: { kind: 'auto' } },
    })
  })

  it('a file may be called like a property of every object', () => {
    const { bindings } = parseAsked(
      {
        'dso.secret.__proto__': 'dso://local/a',
        'dso.secret.constructor': 'dso://local/b',
        'dso.mode.__proto__': '0400',
      },
      defaults,
    )
    expect(bindings.map(({ file, mode }) => [file, mode])).toEqual([
      ['__proto__', 0o400],
      ['constructor', 0o444],
    ])
  })
})

describe('a wrong label is refused by name', () => {
  it.each<[Record<string, string>, string]>([
    [{ 'dso.secret.db': 'hunter2' }, 'dso.secret.db: it is text without a reference'],
    [
      { 'dso.secret.db': 'dso://local/../x' },
      'dso.secret.db: dso://local/../x is refused: its path holds a dot segment',
    ],
    [
      { 'dso.secret.db': 'dso://vault/shop/db' },
      'dso.secret.db: dso://vault/shop/db: there is no source vault: other sources than local are not in this version [SOURCE_UNKNOWN]',
    ],
    [{ 'dso.secret.db': 'a <dso://aws/x>' }, 'there is no source aws'],
    [{ 'dso.secret.*': 'dso://vault/shop/*' }, 'there is no source vault'],
    [{ 'dso.secret.': 'dso://local/x' }, 'it names no file'],
    [{ 'dso.secret.a/b': 'dso://local/x' }, 'the file name is not possible'],
    [{ 'dso.secret...data': 'dso://local/x' }, 'the file name is not possible'],
    [{ 'dso.secret..': 'dso://local/x' }, 'the file name is not possible'],
    [{ [`dso.secret.${'a'.repeat(256)}`]: 'dso://local/x' }, 'the file name is not possible'],
    [{ 'dso.secrt.db': 'dso://local/x' }, 'did you mean dso.secret.db?'],
    [{ 'dso.secrets.db': 'dso://local/x' }, 'did you mean dso.secret.db?'],
    [{ 'dso.rotaton': 'live' }, 'did you mean dso.rotation?'],
    [{ 'dso.rotation.chekc': 'tcp://:1' }, 'did you mean dso.rotation.check?'],
    [{ 'dso.banana': 'x' }, 'there is no such label'],
    [
      { 'dso.env.DB': 'dso://local/x' },
      'dso.env.DB: variables are not in this version: ask for a file: dso.secret.FILE',
    ],
    [{ 'dso.path': '/x' }, 'not in this version'],
    [{ 'dso.rotation.group': 'x' }, 'not in this version'],
    [{ 'dso.rotation.ports': 'hold' }, 'not in this version'],
    [{ 'dso.rotation.drain': '1s' }, 'not in this version'],
    [{ 'dso.rotation.previous': 'true' }, 'not in this version'],
    [{ 'dso.standin': 'x' }, 'reserved'],
    [{ 'dso.ignore': 'yes' }, 'neither true nor false'],
    [{ ...db, 'dso.mode': '256' }, 'dso.mode is "256", not four octal digits: write it quoted: "0400"'],
    [{ ...db, 'dso.mode': '292' }, 'write it quoted: "0444"'],
    [{ ...db, 'dso.mode': '420' }, 'write it quoted: "0644"'],
    [{ ...db, 'dso.mode': '400' }, 'write it quoted: "0400"'],
    [{ ...db, 'dso.mode': '0o400' }, 'write it quoted: "0400"'],
    [{ ...db, 'dso.mode': 'u=r' }, 'write four octal digits, quoted: "0400"'],
    [{ ...db, 'dso.uid': 'postgres' }, 'dso.uid is "postgres", not a number'],
    [{ ...db, 'dso.gid': '4294967295' }, 'not a number'],
    [{ ...db, 'dso.uid.db': '01' }, 'not a number'],
    [{ ...db, 'dso.mode.bd': '0400' }, 'no label asks for a file bd: did you mean db?'],
    [{ ...db, 'dso.mode.certificate': '0400' }, 'the files are db'],
  ])('%j', (labels, why) => {
    expect(refused(labels)).toContain(why)
  })
})

describe('dso.ignore', () => {
  it('leaves a container alone only by true', () => {
    expect(isIgnored({ 'dso.ignore': 'true' })).toBe(true)
    expect(isIgnored({ 'dso.ignore': 'false' })).toBe(false)
    expect(isIgnored({})).toBe(false)
  })
})

describe('what an image carries', () => {
  const image = { 'dso.secret.x': 'dso://local/x', 'com.docker.compose.project': 'evil', other: '1' }

  it('is left out and named', () => {
    expect(withoutImageLabels({ ...image, ...db }, image)).toEqual({
      labels: { ...db, other: '1' },
      ignored: ['com.docker.compose.project', 'dso.secret.x'],
    })
  })

  it('counts where the container says something else', () => {
    expect(withoutImageLabels({ 'dso.secret.x': 'dso://local/y' }, image).labels).toEqual({
      'dso.secret.x': 'dso://local/y',
    })
  })

  it("leaves Compose's labels of a container that Compose made of an image that it built", () => {
    const own = { 'com.docker.compose.project': 'evil', 'com.docker.compose.config-hash': 'f00d' }
    expect(withoutImageLabels(own, image).labels).toEqual(own)
    expect(withoutImageLabels(own, { ...image, ...own }).labels).toEqual({})
  })
})

describe('driver_opts', () => {
  it('are merged with labels', () => {
    expect(mergeOptions(db, { 'dso.mode': '0400', ...db })).toEqual({ ...db, 'dso.mode': '0400' })
  })

  it.each<[Record<string, string>, string]>([
    [{ 'dso.secret.db': 'dso://local/other' }, 'dso.secret.db: the label and driver_opts of the volume differ'],
    [{ 'dso.rotation': 'live' }, 'a volume takes no such option'],
    [{ 'dso.shim': 'true' }, 'not in this version'],
    [{ type: 'tmpfs' }, 'a volume takes no such option'],
    [{ 'secret.db': 'dso://local/x' }, 'did you mean dso.secret.db?'],
    [{ 'dso.secret.': 'dso://local/x' }, 'a volume takes no such option'],
    [{ 'dso.models': 'x' }, 'a volume takes no such option'],
  ])('%j is refused', (options, why) => {
    expect(refusal(() => mergeOptions(db, options))).toContain(why)
  })
})
