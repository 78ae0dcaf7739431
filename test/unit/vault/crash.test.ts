import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { decrypt } from '../../../src/vault/age-file.ts'
import { fileIn, keyIn, openIn, readText, scratch, secret } from './scratch.ts'

const child = join(import.meta.dirname, 'crash-child.ts')
const points = Array.from({ length: 8 }, (_, index) => `vault.${index + 1}`)

/** Runs the child until it is killed at the point, or to its end. */
function crash(dir: string, deed: string, point: string): { answered: boolean; killed: boolean } {
  const { stdout, signal } = spawnSync(process.execPath, [child, dir, deed], {
    env: { ...process.env, DSO_CRASH_AT: point, NODE_OPTIONS: '' },
  })
  return { answered: stdout.toString() === 'ok', killed: signal === 'SIGKILL' }
}

async function filled(): Promise<string> {
  const dir = scratch()
  const vault = await openIn(dir)
  await vault.set('a', undefined, secret('one'))
  await vault.set('b', undefined, secret('other'))
  await vault.close()
  return dir
}

/** No value of a purged secret is under any name: neither file holds a record of it. */
async function holdsNothingOf(dir: string, path: string): Promise<void> {
  const key = { passphrase: secret(readFileSync(keyIn(dir), 'utf8').trim()), workFactor: 10 }
  for (const name of readdirSync(dirname(fileIn(dir))).filter(
    (one) => one.startsWith('local.age') && !one.endsWith('.lock'),
  )) {
    const plain = await decrypt(readFileSync(join(dirname(fileIn(dir)), name)), key)
    expect(typeof plain).not.toBe('string')
    expect(Buffer.from(plain as Uint8Array).includes(path)).toBe(false)
  }
}

describe('killed while it writes', { timeout: 60_000 }, () => {
  it.each(points)('a set at %s is whole or not there', async (point) => {
    const dir = await filled()
    const { answered, killed } = crash(dir, 'set', point)
    expect([answered, killed]).toEqual([false, true])
    const vault = await openIn(dir)
    expect(vault.state()).toMatchObject({ state: 'ok', secrets: 2 })
    expect(['one', 'two']).toContain(readText(vault, 'a'))
    expect(await vault.set('a', undefined, secret('three'))).toBeGreaterThan(1)
    expect(existsSync(`${fileIn(dir)}.new`)).toBe(false)
  })

  it.each(points)('a first start at %s is a first start again', async (point) => {
    const dir = scratch()
    crash(dir, 'open', point)
    const vault = await openIn(dir)
    expect(vault.state()).toMatchObject({ state: 'ok', secrets: 0 })
  })

  it.each(points)('a purge at %s leaves nothing of it, or all', async (point) => {
    const dir = await filled()
    const path = 'secretly-named'
    const before = await openIn(dir)
    await before.set(path, undefined, secret('x'))
    await before.delete('a', { purge: true })
    await before.set('a', undefined, secret('one'))
    await before.close()
    const { answered, killed } = crash(dir, 'purge', point === 'vault.8' ? 'vault.8#2' : point)
    expect([answered, killed]).toEqual([false, true])
    const vault = await openIn(dir)
    const gone = vault.list('').every((one) => one.path !== 'a')
    expect(gone).toBe(!['vault.1', 'vault.2', 'vault.3', 'vault.4'].includes(point))
    if (gone) expect(readdirSync(dirname(fileIn(dir)))).not.toContain('local.age.previous')
  })

  it('a torn new file, whatever its length, is not taken', async () => {
    const dir = await filled()
    copyFileSync(fileIn(dir), `${dir}/whole`)
    const whole = readFileSync(`${dir}/whole`)
    for (let length = 0; length < whole.length; length += 1) {
      writeFileSync(`${fileIn(dir)}.new`, whole.subarray(0, length))
      const vault = await openIn(dir)
      expect(vault.state().state).toBe('ok')
      expect(existsSync(`${fileIn(dir)}.new`)).toBe(false)
      await vault.close()
    }
  })
})

describe('a purge', () => {
  it('takes the secret out of every file there is', async () => {
    const dir = scratch()
    const path = 'very/special/name'
    const vault = await openIn(dir)
    for (const value of ['one', 'two']) await vault.set(path, undefined, secret(value))
    await vault.delete(path, { purge: true })
    await holdsNothingOf(dir, path)
    await vault.set('other', undefined, secret('x'))
    await holdsNothingOf(dir, path)
  })
})
