import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { Failure } from '../../../src/core/failure.ts'
import { parseReference } from '../../../src/core/reference.ts'
import { createStore, type Held, type Store } from '../../../src/store/store.ts'
import { type FakeSource, fakeSource, fieldsOf, oneValue } from './fake-source.ts'

const read = 'dso://local/shop/db'
const signal = new AbortController().signal
const unreachable = new Failure('SOURCE_UNREACHABLE', 'local did not answer', 'wait')
const ram = (): string => {
  const dir = mkdtempSync(join(tmpdir(), 'dso-store-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

async function storeOn(source: FakeSource, dir = ram()): Promise<Store> {
  const store = createStore({ sources: new Map([['local', source]]), ram: dir, emit: () => {} })
  await store.open()
  return store
}

async function one(store: Store, text = read, pins: Record<string, string> = {}): Promise<Held | Failure> {
  const answers = await store.ensure([parseReference(text)], { pins, signal })
  return [...answers.values()][0]!
}

const held = async (store: Store, text = read, pins = {}): Promise<Held> => {
  const answer = await one(store, text, pins)
  if (answer instanceof Failure) throw answer
  return answer
}
const goodFiles = (dir: string): string[] => readdirSync(dir).filter((name) => name.endsWith('.good'))

describe('reading', () => {
  it('is one read for all fields and all callers', async () => {
    const source = fakeSource()
    source.put('shop/db', fieldsOf({ a: 'x', b: 'y' }))
    const store = await storeOn(source)
    const references = [parseReference(`${read}#a`), parseReference(`${read}#b`)]
    const answers = await Promise.all(Array.from({ length: 20 }, () => store.ensure(references, { signal })))
    expect(source.reads).toBe(1)
    expect(answers[0]!.size).toBe(1)
    await store.ensure(references, { signal })
    expect(source.reads).toBe(2)
  })

  it('gives one caller up when its time is over, and the source when nobody waits', async () => {
    const source = fakeSource()
    const gate = Promise.withResolvers<void>()
    source.gate = gate.promise
    source.put('shop/db', oneValue('x'))
    const store = await storeOn(source)
    const hurried = new AbortController()
    const patient = one(store)
    const late = store.ensure([parseReference(read)], { signal: hurried.signal })
    hurried.abort()
    expect((await late).get(read)).toMatchObject({ code: 'SOURCE_UNREACHABLE' })
    expect(source.aborted).toBe(0)
    gate.resolve()
    expect(await patient).toMatchObject({ version: '1' })
  })

  it('knows its sources', async () => {
    expect(await one(await storeOn(fakeSource()), 'dso://vault/a')).toMatchObject({
      code: 'SOURCE_UNKNOWN',
      message: expect.stringContaining('there is no source vault: the sources are: local'),
    })
  })

  it('says that it has no RAM for values, before it was opened', async () => {
    const source = fakeSource()
    source.put('shop/db', oneValue('x'))
    const store = createStore({ sources: new Map([['local', source]]), ram: '/nowhere', emit: () => {} })
    await expect(store.open()).rejects.toThrow('ENOENT')
    expect(await one(store)).toMatchObject({ code: 'NOT_RAM' })
    store.keep(new Map())
  })

  it('takes the version pinned: by the reference, else by the caller', async () => {
    const source = fakeSource()
    for (const value of ['one', 'two', 'three']) source.put('shop/db', oneValue(value))
    const store = await storeOn(source)
    expect((await held(store)).version).toBe('3')
    expect((await held(store, read, { [read]: '1' })).version).toBe('1')
    expect((await held(store, `${read}?version=2`, { [`${read}?version=2`]: '1' })).version).toBe('2')
  })

  it('marks equal contents equally, others not, and tells nothing', async () => {
    const source = fakeSource()
    source.put('shop/db', oneValue('one'))
    const dir = ram()
    const store = await storeOn(source, dir)
    const first = await held(store)
    expect((await held(store)).mark).toBe(first.mark)
    expect(first.mark).toMatch(/^[0-9a-f]{32}$/)
    source.put('shop/db', oneValue('one'))
    expect((await held(store)).mark).not.toBe(first.mark)
    expect((await held(await storeOn(source, dir), read, { [read]: '1' })).mark).toBe(first.mark)
    expect((await held(await storeOn(source), read, { [read]: '1' })).mark).not.toBe(first.mark)
  })

  it('tells which reads a change touches', async () => {
    const source = fakeSource()
    const store = await storeOn(source)
    const heard: unknown[] = []
    store.onChange((reads) => heard.push(reads))
    source.put('shop/db', oneValue('x'))
    source.put('top', oneValue('x'))
    expect(heard).toEqual([[read, 'dso://local/shop/*'], ['dso://local/top']])
  })
})

describe('the last good value', { timeout: 30_000 }, () => {
  it.each(['SOURCE_UNREACHABLE', 'SOURCE_MALFORMED', 'LOCAL_LOCKED'] as const)(
    'bridges %s, over a restart too',
    async (code) => {
      const source = fakeSource()
      source.put('shop/db', fieldsOf({ a: 'x' }))
      const dir = ram()
      const before = await held(await storeOn(source, dir))
      source.failure = new Failure(code, 'something', 'wait')
      const after = await held(await storeOn(source, dir))
      expect(after).toMatchObject({ version: '1', mark: before.mark })
      expect(await one(await storeOn(source))).toMatchObject({ code })
    },
  )

  it('is found by the names that were there, as long as one of them is in use', async () => {
    const source = fakeSource()
    for (const name of ['db', 'key']) source.put(`shop/${name}`, oneValue(name))
    const dir = ram()
    const all = parseReference('dso://local/shop/*')
    const first = await storeOn(source, dir)
    expect(await first.children(all, signal)).toEqual(['db', 'key'])
    source.children = () => Promise.reject(new Failure('LOCAL_LOCKED', 'the vault is locked', 'unlock it'))
    const later = await storeOn(source, dir)
    later.keep(new Map([[read, new Set(['1'])]]))
    expect(await later.children(all, signal)).toEqual(['db', 'key'])
    later.keep(new Map([['dso://local/shop/deeper/db', new Set(['1'])]]))
    await expect(later.children(all, signal)).rejects.toMatchObject({ code: 'LOCAL_LOCKED' })
    source.children = () => Promise.reject(new Failure('SOURCE_DENIED', 'no', 'no'))
    await expect(first.children(all, signal)).rejects.toMatchObject({ code: 'SOURCE_DENIED' })
  })

  it.each(['SECRET_NOT_FOUND', 'SOURCE_DENIED'] as const)('never stands in for %s', async (code) => {
    const source = fakeSource()
    source.put('shop/db', oneValue('x'))
    const store = await storeOn(source)
    await held(store)
    source.failure = new Failure(code, 'something', 'do')
    expect(await one(store)).toMatchObject({ code })
    expect(await one(store, read, { [read]: '1' })).toMatchObject({ code })
  })

  it('stands in for a pinned version that the source let go, not for a secret that is gone', async () => {
    const source = fakeSource()
    for (const value of ['one', 'two']) source.put('shop/db', oneValue(value))
    const store = await storeOn(source)
    await held(store, read, { [read]: '1' })
    source.forget('shop/db', '1')
    expect((await held(store, read, { [read]: '1' })).version).toBe('1')
    source.forget('shop/db')
    expect(await one(store, read, { [read]: '1' })).toMatchObject({ code: 'SECRET_NOT_FOUND' })
  })

  it('is the current one, not one that was pinned since', async () => {
    const source = fakeSource()
    for (const value of ['one', 'two']) source.put('shop/db', oneValue(value))
    const store = await storeOn(source)
    await held(store)
    await held(store, read, { [read]: '1' })
    source.failure = unreachable
    expect((await held(store)).version).toBe('2')
  })

  it("is the agent's alone, under a name that tells nothing, and a torn one is dropped", async () => {
    const source = fakeSource()
    source.put('shop/db', oneValue('x'))
    const dir = ram()
    await held(await storeOn(source, dir))
    const [name = ''] = goodFiles(dir)
    for (const file of [name, 'fingerprint.key']) expect(statSync(join(dir, file)).mode & 0o777).toBe(0o600)
    const whole = readFileSync(join(dir, name))
    source.failure = unreachable
    for (let length = 0; length < whole.length; length += 1) {
      writeFileSync(join(dir, name), whole.subarray(0, length))
      writeFileSync(join(dir, `${name}.new`), 'torn')
      const answer = await one(await storeOn(source, dir))
      expect(answer instanceof Failure || length > whole.length - 7).toBe(true)
      expect(readdirSync(dir).some((file) => file.endsWith('.new'))).toBe(false)
    }
  })
})

describe('keeping', () => {
  it('drops and wipes what is not in use, in the tmpfs too', async () => {
    vi.useFakeTimers({ now: Date.now() })
    onTestFinished(() => void vi.useRealTimers())
    const source = fakeSource()
    const dir = ram()
    const store = await storeOn(source, dir)
    for (const value of ['one', 'two', 'three']) {
      source.put('shop/db', oneValue(value))
      await held(store)
    }
    const { content } = await held(store)
    source.put('other', oneValue('x'))
    await held(store, 'dso://local/other')
    expect(store.stats().secrets).toBe(2)
    store.keep(new Map())
    expect(store.stats().secrets).toBe(2)
    vi.advanceTimersByTime(11_000)
    store.keep(new Map([[read, new Set(['1', '2', '3'])]]))
    expect([...store.inUse()].length).toBe(2)
    expect(goodFiles(dir).length).toBe(1)
    store.keep(new Map())
    expect([store.stats(), goodFiles(dir)]).toEqual([{ secrets: 0, bytes: 0 }, []])
    vi.advanceTimersByTime(61_000)
    expect(content.kind === 'value' && content.value.reveal((bytes) => [...bytes])).toEqual([0, 0, 0, 0, 0])
  })

  it('lists every single value for scan, and shows none by itself', async () => {
    const source = fakeSource()
    source.put('shop/db', fieldsOf({ a: 'canary-c0ffee', b: 1 }))
    const store = await storeOn(source)
    const answer = await held(store)
    expect([...store.inUse()].map(({ reference }) => reference)).toEqual([`${read}#a`, `${read}#b`])
    expect(inspect([answer, [...store.inUse()]], { depth: 9, showHidden: true })).not.toContain('c0ffee')
    expect(JSON.stringify([answer, [...store.inUse()]])).not.toContain('c0ffee')
  })
})
