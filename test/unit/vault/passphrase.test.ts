import { readFileSync } from 'node:fs'
import { Decrypter } from 'age-encryption'
import { describe, expect, it } from 'vitest'
import { fileIn, keyIn, openIn, readText, scratch, secret } from './scratch.ts'

describe('a passphrase', () => {
  it('makes the vault, opens it again, and nothing else does', { timeout: 60_000 }, async () => {
    const dir = scratch()
    const first = await openIn(dir, { key: 'passphrase' })
    expect(first.state()).toMatchObject({ state: 'locked', identity: 'passphrase' })
    expect(first.state().message).toContain('has no passphrase yet')
    await expect(first.unlock(secret('short'), { acceptOlder: false })).rejects.toThrow('at least 10 characters')
    await first.unlock(secret('five words of no sense'), { acceptOlder: false })
    await first.set('a', undefined, secret('x'))
    await first.close()

    const heard: unknown[] = []
    const vault = await openIn(dir, { key: 'passphrase' })
    vault.onChange((path) => heard.push(path))
    expect(() => vault.read('a')).toThrow('the local vault is locked: unlock it: docker dso unlock')
    await expect(vault.unlock(secret('five words of some sense'), { acceptOlder: false })).rejects.toThrow('is wrong')
    expect(vault.state().state).toBe('locked')
    await vault.unlock(secret('five words of no sense'), { acceptOlder: false })
    expect(readText(vault, 'a')).toBe('x')
    expect(heard).toEqual([undefined])
  })
})

describe('the file', () => {
  it('is an age file under the key as a passphrase, as the age tool reads it', async () => {
    const dir = scratch()
    const vault = await openIn(dir)
    await vault.set('shop/db', undefined, secret('canary'))
    const file = readFileSync(fileIn(dir))
    expect(file.subarray(0, 60).toString()).toMatch(/^age-encryption\.org\/v1\n-> scrypt [^ ]+ 10\n/)
    const decrypter = new Decrypter()
    decrypter.addPassphrase(readFileSync(keyIn(dir), 'utf8').trim())
    const plain = Buffer.from(await decrypter.decrypt(file))
    expect(plain.subarray(0, 9).toString()).toBe('dso-vault')
    expect([plain.includes('shop/db'), plain.includes('canary'), file.includes('shop/db')]).toEqual([
      true,
      false,
      false,
    ])
  })
})
