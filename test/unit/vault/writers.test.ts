import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { describe, expect, it } from 'vitest'
import { takeLock } from '../../../src/vault/lock.ts'
import { fileIn, openIn, readText, scratch, secret, vaultIn } from './scratch.ts'

describe('one writer', () => {
  it('is all there is, while its process lives', async () => {
    const dir = scratch()
    await (await openIn(dir)).close()
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    const startedAt = readFileSync(`/proc/${process.ppid}/stat`, 'utf8').split(') ')[1]?.split(' ')[19]
    symlinkSync(`${process.ppid}:${startedAt}:${boot}`, `${fileIn(dir)}.lock`)
    const second = await openIn(dir)
    expect(second.state()).toMatchObject({ state: 'refused' })
    expect(second.state().message).toContain(`another agent (process ${process.ppid}) writes`)
    await expect(second.unlock(undefined, { acceptOlder: true })).rejects.toThrow('one vault has one writer')
    await expect(second.set('a', undefined, secret('x'))).rejects.toThrow('[LOCAL_LOCKED]')
    rmSync(`${fileIn(dir)}.lock`)
    symlinkSync(`${process.ppid}:${Number(startedAt) + 1}:${boot}`, `${fileIn(dir)}.lock`)
    await second.unlock(undefined, { acceptOlder: false })
    expect(second.state().state).toBe('ok')
  })

  it.each(['', 'rubbish', '1:2:3', '999999999:1:x'])(
    'takes over a lock of nobody (%s) and leaves no file behind',
    (held) => {
      const path = `${scratch()}/lock`
      if (held === '') writeFileSync(path, held)
      else symlinkSync(held, path)
      const lock = takeLock(path)
      expect('release' in lock).toBe(true)
      if ('release' in lock) lock.release()
      expect(existsSync(path)).toBe(false)
      expect(readdirSync(dirname(path))).toEqual([])
    },
  )
})

describe('a disk that takes no more', () => {
  it('changes nothing, and says so', async () => {
    const dir = scratch()
    const vault = vaultIn(dir, { path: `${dir}/state/local.age` })
    await vault.open()
    await vault.set('a', undefined, secret('one'))
    mkdirSync(`${fileIn(dir)}.new`)
    await expect(vault.set('a', undefined, secret('two'))).rejects.toThrow(
      'the local vault could not be written (EISDIR), so nothing was changed',
    )
    expect(readText(vault, 'a')).toBe('one')
    rmSync(`${fileIn(dir)}.new`, { recursive: true })
    expect(await vault.set('a', undefined, secret('two'))).toBe(2)
  })
})
