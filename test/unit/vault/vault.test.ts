import { describe, expect, it } from 'vitest'
import { openIn, readText, scratch, secret, vaultIn } from './scratch.ts'

describe('secrets and their versions', { timeout: 60_000 }, () => {
  it('keeps what was set, over a restart', async () => {
    const dir = scratch()
    const vault = await openIn(dir)
    expect(await vault.set('shop/db', 'password', secret('one'))).toBe(1)
    expect(await vault.set('shop/db', 'user', secret('app'))).toBe(2)
    expect(await vault.set('shop/key', undefined, secret(new Uint8Array([0, 255, 10])))).toBe(1)
    await vault.close()
    const again = await openIn(dir)
    expect(again.state()).toMatchObject({ state: 'ok', secrets: 2 })
    expect(readText(again, 'shop/db')).toEqual({ password: 'one', user: 'app' })
    expect(readText(again, 'shop/db', '1')).toEqual({ password: 'one' })
    const { content } = again.read('shop/key')
    expect(content.kind === 'value' && content.value.reveal((bytes) => [...bytes])).toEqual([0, 255, 10])
    expect(again.list('')).toMatchObject([
      { path: 'shop/db', version: 2, fields: ['password', 'user'] },
      { path: 'shop/key', version: 1 },
    ])
    expect(again.list('shop/k')).toEqual([])
    expect(again.children('shop')).toEqual(['db', 'key'])
  })

  it('makes no version of what is there already', async () => {
    const vault = await openIn(scratch())
    expect(await vault.set('a', undefined, secret('x'))).toBe(1)
    expect(await vault.set('a', undefined, secret('x'))).toBe(1)
    expect(await vault.set('a', undefined, secret('y'))).toBe(2)
    expect(await vault.setFields('f', secret('{"b":1, "a":"x"}'))).toBe(1)
    expect(await vault.setFields('f', secret('{"a":"x","b":1}'))).toBe(1)
    expect(await vault.setFields('f', secret('{"a":"x","b":1.0}'))).toBe(2)
  })

  it('refuses the other kind, and takes it after a delete', async () => {
    const vault = await openIn(scratch())
    await vault.set('a', undefined, secret('x'))
    await expect(vault.set('a', 'f', secret('y'))).rejects.toThrow('a is one value, without fields: delete it first')
    await expect(vault.setFields('a', secret('{"f":1}'))).rejects.toThrow('[BAD_REFERENCE]')
    await vault.delete('a', { purge: false })
    expect(await vault.set('a', 'f', secret('y'))).toBe(2)
    await expect(vault.set('a', undefined, secret('x'))).rejects.toThrow('a is made of fields, not one value')
  })

  it('rolls back by making a new version', async () => {
    const vault = await openIn(scratch())
    for (const value of ['one', 'two', 'three']) await vault.set('a', undefined, secret(value))
    expect(await vault.rollback('a')).toBe(4)
    expect(readText(vault, 'a')).toBe('two')
    expect(await vault.rollback('a', 1)).toBe(5)
    expect(readText(vault, 'a')).toBe('one')
    expect(await vault.rollback('a', 5)).toBe(5)
    await expect(vault.rollback('a', 9)).rejects.toThrow('a has no version 9 (it has: 1, 2, 3, 4, 5)')
    await expect(vault.rollback('b')).rejects.toThrow('local has no secret b')
  })

  it('hides what was deleted, and brings it back', async () => {
    const dir = scratch()
    const vault = await openIn(dir)
    await vault.set('a', undefined, secret('x'))
    await expect(vault.rollback('a')).rejects.toThrow('a has no version before the one it has')
    await vault.delete('a', { purge: false })
    await vault.close()
    const again = await openIn(dir)
    expect(() => again.read('a')).toThrow('a was deleted from local: bring it back')
    expect(() => again.read('a', '1')).toThrow('[SECRET_NOT_FOUND]')
    expect([again.list(''), again.state().secrets]).toEqual([[], 0])
    expect(again.history('a')).toMatchObject([{ version: 1, current: false }])
    await expect(again.delete('a', { purge: false })).rejects.toThrow('[SECRET_NOT_FOUND]')
    expect(await again.rollback('a')).toBe(2)
    expect(readText(again, 'a')).toBe('x')
  })

  it('keeps so many versions, and never gives a number twice', async () => {
    const dir = scratch()
    const vault = await openIn(dir, { keepVersions: () => 2 })
    for (const value of ['one', 'two', 'three']) await vault.set('a', undefined, secret(value))
    expect(vault.history('a').map(({ version }) => version)).toEqual([2, 3])
    expect(() => vault.read('a', '1')).toThrow('a has no version 1 (it has: 2, 3)')
    await vault.delete('a', { purge: true })
    await vault.close()
    const again = await openIn(dir)
    expect(() => again.history('a')).toThrow('local has no secret a')
    expect(await again.set('a', undefined, secret('four'))).toBe(4)
  })

  it('writes changes that come together in one generation, and tells each of them', async () => {
    const vault = await openIn(scratch())
    const heard: (string | undefined)[] = []
    vault.onChange((path) => heard.push(path))
    const numbers = await Promise.all(
      Array.from({ length: 50 }, (_, at) => vault.set(`s/${at % 10}`, undefined, secret(`${at}`))),
    )
    expect(numbers.slice(40)).toEqual(Array(10).fill(5))
    expect(new Set(heard).size).toBe(10)
    expect(vault.facts.filter(({ kind }) => kind === 'secret.changed').length).toBeGreaterThanOrEqual(10)
  })

  it.each(['', '/', 'a/', '/a', 'a//b', '../x', 'a/./b', 'x'.repeat(1100)])('refuses the path "%s"', async (path) => {
    const vault = await openIn(scratch())
    await expect(vault.set(path, undefined, secret('x'))).rejects.toThrow('[BAD_REFERENCE]')
  })

  it('refuses fields that no reference could name, and JSON that is none', async () => {
    const vault = await openIn(scratch())
    await expect(vault.set('a', 'b/c', secret('x'))).rejects.toThrow('a#b/c names a place inside a field')
    await expect(vault.set('a', '', secret('x'))).rejects.toThrow('[BAD_REFERENCE]')
    await expect(vault.setFields('a', secret('{}'))).rejects.toThrow('without a field')
    await expect(vault.setFields('a', secret('{"a":1,"a":canary}'))).rejects.toThrow('the fields of a are refused')
    await expect(vault.setFields('a', secret('{"a":canary}'))).rejects.not.toThrow('canary')
  })

  it('refuses what is too large', async () => {
    const vault = await openIn(scratch(), { maxValueBytes: () => 100 })
    await expect(vault.set('a', undefined, secret('x'.repeat(200)))).rejects.toThrow('[VALUE_TOO_LARGE]')
    expect(vault.state().secrets).toBe(0)
  })

  it('takes exactly as many bytes of values as may be', async () => {
    const vault = await openIn(scratch(), { maxValueBytes: () => 100 })
    expect(await vault.set('a', undefined, secret('x'.repeat(100)))).toBe(1)
    await expect(vault.set('a', undefined, secret('x'.repeat(101)))).rejects.toThrow('[VALUE_TOO_LARGE]')
    expect(await vault.set('b', 'one', secret('x'.repeat(60)))).toBe(1)
    expect(await vault.set('b', 'two', secret('x'.repeat(40)))).toBe(2)
    await expect(vault.set('b', 'two', secret('x'.repeat(41)))).rejects.toThrow('[VALUE_TOO_LARGE]')
  })

  it('names the nearest secret', async () => {
    const vault = await openIn(scratch())
    await vault.set('shop/db', undefined, secret('x'))
    expect(() => vault.read('shop/bd')).toThrow('local has no secret shop/bd: did you mean shop/db?')
  })

  it('says that it is not open', () => {
    const vault = vaultIn(scratch())
    expect(() => vault.read('a')).toThrow('[LOCAL_LOCKED]')
    expect(vault.state()).toMatchObject({ state: 'locked', secrets: 0 })
  })
})
