import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Failure } from '../../../src/core/failure.ts'
import type { Asked } from '../../../src/core/model.ts'
import { parseReference } from '../../../src/core/reference.ts'
import { parseValue } from '../../../src/core/value.ts'
import { createGenerate, type GenerateOptions } from '../../../src/store/generate.ts'
import { createStore } from '../../../src/store/store.ts'
import { type FakeSource, fakeSource, fieldsOf, oneValue } from './fake-source.ts'

const place = { mode: 0o444, uid: 0, gid: 0 }
const asked = (files: Record<string, string>, ...expansions: string[]): Asked => ({
  bindings: Object.entries(files).map(([file, value]) => ({ file, value: parseValue(value), ...place })),
  expansions: expansions.map((text) => ({
    reference: parseReference(text),
    ...place,
    perFile: { special: { mode: 0o400 } },
  })),
  rotation: { strategy: { kind: 'auto' } },
})

async function generateOn(source: FakeSource, maxBytes = 1000) {
  const dir = mkdtempSync(join(tmpdir(), 'dso-generate-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  const store = createStore({ sources: new Map([['local', source]]), ram: dir, emit: () => {} })
  await store.open()
  const generate = createGenerate({ store, maxValueBytes: () => maxBytes })
  return async (wanted: Asked, o: Partial<GenerateOptions> = {}) => {
    const { generation, files } = await generate(wanted, { signal: new AbortController().signal, ...o })
    const texts = files.map(({ file, bytes }) => [file, bytes.reveal((lent) => Buffer.from(lent).toString())])
    return { generation, files, texts: Object.fromEntries(texts) as Record<string, string> }
  }
}

function shop(): FakeSource {
  const source = fakeSource()
  source.put('shop/db', fieldsOf({ user: 'app', password: 'p@ss word' }))
  source.put('shop/key', oneValue('line\n'))
  return source
}

describe('a generation', () => {
  it('holds whole, filtered and text values of one reading', async () => {
    const generate = await generateOn(shop())
    const { texts, generation } = await generate(
      asked({
        password: 'dso://local/shop/db#password',
        url: 'pg://<dso://local/shop/db#user>:<dso://local/shop/db#password|url>@db <<dso://x',
        all: 'dso://local/shop/db',
        key: 'dso://local/shop/key|base64',
      }),
    )
    expect(texts).toEqual({
      password: 'p@ss word',
      url: 'pg://app:p%40ss%20word@db <dso://x',
      all: '{"password":"p@ss word","user":"app"}',
      key: 'bGluZQo=',
    })
    expect(generation.endInNewline).toBeUndefined()
    const raw = await generate(asked({ raw: 'dso://local/shop/key', other: 'dso://local/shop/db#user' }))
    expect(raw.generation.endInNewline).toEqual(['raw'])
    expect(Object.keys(generation.reads)).toEqual(['dso://local/shop/db', 'dso://local/shop/key'])
    expect(generation.reads['dso://local/shop/db']).toMatchObject({ version: '1' })
    expect(JSON.stringify(generation)).not.toContain('p@ss')
  })

  it('has the same fingerprint for the same values, and another for others', async () => {
    const source = shop()
    const generate = await generateOn(source)
    const wanted = asked({ a: 'dso://local/shop/db#user' })
    const { fingerprint } = (await generate(wanted)).generation
    expect((await generate(wanted)).generation.fingerprint).toBe(fingerprint)
    source.put('shop/db', fieldsOf({ user: 'other' }))
    expect((await generate(wanted)).generation.fingerprint).not.toBe(fingerprint)
    const back = await generate(wanted, { pins: { 'dso://local/shop/db': '1' } })
    expect(back.generation.fingerprint).toBe(fingerprint)
  })

  it('expands fields and children; a file of its own wins', async () => {
    const source = shop()
    source.put('shop/special', oneValue('s'))
    const generate = await generateOn(source)
    const fields = await generate(asked({ user: 'dso://local/shop/key|trim' }, 'dso://local/shop/db#*'))
    expect(fields.texts).toEqual({ user: 'line', password: 'p@ss word' })
    const children = await generate(asked({}, 'dso://local/shop/*'))
    expect(children.texts).toEqual({ db: '{"password":"p@ss word","user":"app"}', key: 'line\n', special: 's' })
    expect(children.files.find(({ file }) => file === 'special')).toMatchObject({ mode: 0o400 })
  })

  it.each([
    [
      { f: 'dso://local/shop/db#pasword' },
      [],
      'f needs dso://local/shop/db#pasword: shop/db has no field pasword (it has: password, user): correct the label [FIELD_NOT_FOUND]',
    ],
    [{ f: 'dso://local/shop/bd' }, [], 'f needs dso://local/shop/bd: local has no secret shop/bd'],
    [{ f: 'dso://other/x' }, [], 'f needs dso://other/x: there is no source other'],
    [{ f: 'a <dso://local/shop/key>' }, [], 'f needs dso://local/shop/key: its value holds a line break or NUL'],
    [{ f: 'dso://local/shop/db#user|unbase64|unbase64' }, [], 'is not base64'],
    [{}, ['dso://local/shop/key#*'], '* needs dso://local/shop/key#*: shop/key is one value and has no fields'],
    [{}, ['dso://local/none/*'], '* needs dso://local/none/*: local has no secret directly below none'],
    [{}, ['dso://local/odd#*'], 'has names that are no file names: ..x, a b'],
    [{}, ['dso://local/shop/db#*', 'dso://local/two#*'], 'makes user, which another label makes too'],
    [{}, ['dso://local/many#*'], 'makes more than 256 files'],
    [{ f: 'dso://local/large' }, [], 'is larger than 1000 bytes'],
    [{ f: 'x<dso://local/half><dso://local/half>' }, [], 'f is larger than 1000 bytes'],
  ])('refuses %j %j', async (files, expansions, sentence) => {
    const source = shop()
    source.put('odd', fieldsOf({ '..x': '1', 'a b': '2', fine: '3' }))
    source.put('two', fieldsOf({ user: 'x' }))
    source.put('many', fieldsOf(Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`f${index}`, 'x']))))
    source.put('large', oneValue('x'.repeat(2000)))
    source.put('half', oneValue('x'.repeat(600)))
    const generate = await generateOn(source)
    await expect(generate(asked(files as Record<string, string>, ...expansions))).rejects.toThrow(sentence)
  })

  it('takes another version than one to be avoided, and throws where there is none', async () => {
    const source = shop()
    source.put('shop/db', fieldsOf({ user: 'new' }))
    const generate = await generateOn(source)
    const wanted = asked({ a: 'dso://local/shop/db#user', b: 'dso://local/shop/key' })
    const avoid = (_: string, version: string) => (version === '2' ? '1' : undefined)
    expect((await generate(wanted, { avoid })).texts).toMatchObject({ a: 'app' })
    expect((await generate(wanted, { avoid, pins: { 'dso://local/shop/db': '2' } })).texts).toMatchObject({ a: 'new' })
    const none = () => new Failure('QUARANTINED', 'no version serves', 'set another')
    await expect(generate(wanted, { avoid: none })).rejects.toThrow(
      'a needs dso://local/shop/db#user: no version serves',
    )
  })

  it('puts no value into any refusal', async () => {
    const source = fakeSource()
    source.put('a', oneValue('canary-c0ffee\n\0'))
    const generate = await generateOn(source, 5)
    for (const value of ['dso://local/a', 'x<dso://local/a>', 'dso://local/a|unbase64', 'dso://local/a#c0'])
      await generate(asked({ f: value })).then(
        () => expect.unreachable(),
        (error) => expect(JSON.stringify([error, String(error.stack)])).not.toContain('c0ffee'),
      )
  })
})
