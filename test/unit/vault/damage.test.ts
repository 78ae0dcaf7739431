import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { fileIn, journalIn, keyIn, openIn, readText, scratch, secret, vaultIn } from './scratch.ts'

const canary = 'canary-c0ffee-value'

/** A closed vault with one secret at its second generation. */
async function small(): Promise<string> {
  const dir = scratch()
  const vault = await openIn(dir)
  await vault.set('a', undefined, secret(canary))
  await vault.close()
  return dir
}

async function refusal(dir: string): Promise<string> {
  const vault = await openIn(dir)
  const { state, message } = vault.state()
  await vault.close()
  expect(state).toBe('refused')
  expect(inspect([vault.facts, message], { depth: 9 })).not.toContain('c0ffee')
  return message ?? ''
}

describe('a vault that is not what was written', { timeout: 60_000 }, () => {
  it('is refused for every byte that is another, and left as it is', async () => {
    const dir = await small()
    rmSync(`${fileIn(dir)}.previous`)
    const whole = readFileSync(fileIn(dir))
    for (let at = 0; at < whole.length; at += 1) {
      const flipped = Buffer.from(whole)
      flipped[at]! ^= 1 << (at % 8)
      writeFileSync(fileIn(dir), flipped)
      expect(await refusal(dir), `byte ${at}`).toContain('is damaged: its bytes are not those that were written')
      expect(readFileSync(fileIn(dir)).equals(flipped)).toBe(true)
    }
    writeFileSync(fileIn(dir), whole)
    expect(readText(await openIn(dir), 'a')).toBe(canary)
  })

  it('is refused when it is cut short, at every length', async () => {
    const dir = await small()
    const whole = readFileSync(fileIn(dir))
    for (let length = 0; length < whole.length; length += 1) {
      writeFileSync(fileIn(dir), whole.subarray(0, length))
      expect(await refusal(dir)).toContain(`is cut short (${length} of ${whole.length} bytes)`)
    }
  })

  it('is refused for every byte of the journal that is another', async () => {
    const dir = await small()
    const whole = readFileSync(journalIn(dir))
    for (let at = 0; at < whole.length - 1; at += 1) {
      const flipped = Buffer.from(whole)
      flipped[at]! ^= 1
      writeFileSync(journalIn(dir), flipped)
      const vault = await openIn(dir)
      if (vault.state().state === 'ok')
        expect(/"(bytes|previous)|:\d+,|true/.test(whole.subarray(at - 20, at + 20).toString())).toBe(true)
      await vault.close()
    }
  })

  it('is refused under another key, which is told from damage', async () => {
    const dir = await small()
    chmodSync(keyIn(dir), 0o600)
    writeFileSync(keyIn(dir), `${'0123456789abcdef'.repeat(4)}\n`)
    expect(await refusal(dir)).toMatch(/^the key is wrong: .*local.age is whole, but was not written under it/)
  })

  it('is refused when it is older, until that is accepted', async () => {
    const dir = await small()
    copyFileSync(fileIn(dir), `${dir}/older`)
    const vault = await openIn(dir)
    await vault.set('a', undefined, secret('newer'))
    await vault.close()
    copyFileSync(`${dir}/older`, fileIn(dir))
    rmSync(`${fileIn(dir)}.previous`)
    expect(await refusal(dir)).toMatch(/local.age is older \(generation 2\) than the one written last \(generation 3\)/)
    const back = await openIn(dir)
    await expect(back.unlock(undefined, { acceptOlder: false })).rejects.toThrow('is older')
    await back.unlock(undefined, { acceptOlder: true })
    expect(readText(back, 'a')).toBe(canary)
    expect(back.facts.at(-1)).toMatchObject({
      kind: 'vault.unlocked',
      message: expect.stringContaining('generation 2 of'),
    })
    await back.close()
    expect((await openIn(dir)).state().state).toBe('ok')
  })

  it('goes back to the generation before a damaged one, when that is accepted', async () => {
    const dir = await small()
    const vault = await openIn(dir)
    await vault.set('a', undefined, secret('newer'))
    await vault.close()
    writeFileSync(fileIn(dir), 'rubbish')
    expect(await refusal(dir)).toContain('go back to generation 2 by docker dso unlock --accept-older')
    const back = await openIn(dir)
    await back.unlock(undefined, { acceptOlder: true })
    expect(readText(back, 'a')).toBe(canary)
  })

  it('is refused without its journal, and without its file', async () => {
    const dir = await small()
    const journal = readFileSync(journalIn(dir))
    rmSync(journalIn(dir))
    expect(await refusal(dir)).toMatch(/^the journal of .*local.age is missing or damaged/)
    writeFileSync(journalIn(dir), journal)
    for (const name of ['', '.previous']) rmSync(fileIn(dir) + name, { force: true })
    expect(await refusal(dir)).toContain('the journal of the local vault is there, its file is not')
    expect(existsSync(fileIn(dir))).toBe(false)
  })
})

describe('the key', () => {
  it('is made once, 0400, and never again while there is a vault', async () => {
    const dir = await small()
    const key = readFileSync(keyIn(dir), 'utf8')
    expect(key).toMatch(/^[0-9a-f]{64}\n$/)
    rmSync(keyIn(dir))
    expect(await refusal(dir)).toContain('the vault is there, its key')
    expect(existsSync(keyIn(dir))).toBe(false)
  })

  it('is refused when others may read it, when it is a link, and when it is short', async () => {
    const dir = await small()
    chmodSync(keyIn(dir), 0o440)
    expect(await refusal(dir)).toContain('others may read the key')
    chmodSync(keyIn(dir), 0o600)
    writeFileSync(keyIn(dir), 'hunter2\n')
    expect(await refusal(dir)).toContain('is not one line of at least 256 random bits')
    rmSync(keyIn(dir))
    symlinkSync('/dev/null', keyIn(dir))
    expect(await refusal(dir)).toContain('cannot be read (ELOOP)')
  })

  it('is the systemd credential when there is one', async () => {
    const dir = scratch()
    const credentialsDirectory = `${dir}/credentials`
    mkdirSync(credentialsDirectory)
    expect(vaultIn(dir, { key: 'credential' }).state().state).toBe('locked')
    const none = await openIn(dir, { key: 'credential', credentialsDirectory })
    expect(none.state().message).toContain('there is no systemd credential dso.local.key')
    await none.close()
    writeFileSync(`${credentialsDirectory}/dso.local.key`, 'k'.repeat(44))
    const vault = await openIn(dir, { credentialsDirectory })
    expect(vault.state()).toMatchObject({ state: 'ok', identity: 'key: systemd credential' })
    expect(existsSync(keyIn(dir))).toBe(false)
  })
})
