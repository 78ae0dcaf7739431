import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { DiskRefuses, writeDurable } from '../../../src/host/files.ts'
import { readMounts } from '../../../src/host/mountinfo.ts'
import { MountError, mountAll, unmountAll, unmountBelow } from '../../../src/host/mounts.ts'
import { noswapWorks, ramKind, ramOptions, ramType } from '../../../src/host/ram.ts'
import { swapActive } from '../../../src/host/swap.ts'
import { apart } from '../apart.ts'

apart(import.meta.url, () => {
  const folder = '/run/test with blank'
  const limits = { bytes: 1024 * 1024, inodes: 100 }
  const at = (name: string): string => {
    mkdirSync(join(folder, name), { recursive: true })
    return join(folder, name)
  }
  beforeEach(() => mkdirSync(folder))
  afterEach(async () => {
    await unmountBelow(folder)
    rmSync(folder, { recursive: true })
  })

  test('many are mounted by one list, each closed and limited as asked', async () => {
    const places = ['a', 'b', 'c'].map(at)
    const ram = ramOptions('no swap active', limits)
    await mountAll(
      places.map((target) => ({ source: 'dso', target, ...ram })),
      folder,
    )
    for (const place of places) {
      expect(ramType(place)).toBe('tmpfs')
      expect(statSync(place).mode & 0o7777).toBe(0o700)
    }
    const line = readMounts('self').find(({ mountPoint }) => mountPoint === places[0])
    expect(line?.options).toEqual(expect.arrayContaining(['nosuid', 'nodev', 'noexec']))
    expect(line?.superOptions).toEqual(expect.arrayContaining(['size=1024k', 'nr_inodes=100']))
    expect(readdirSync(folder)).toEqual(['a', 'b', 'c'])
  })

  test('ramfs where tmpfs could be swapped out; a disk is no RAM', async () => {
    const place = at('a')
    await mountAll([{ source: 'dso', target: place, ...ramOptions('ramfs', limits) }], folder)
    expect(ramType(place)).toBe('ramfs')
    expect(statSync(place).mode & 0o7777).toBe(0o700)
    expect(ramType('/etc')).toBeUndefined()
  })

  test('the kernel is asked once whether it keeps tmpfs out of swap, and nothing is left of the question', async () => {
    const works = await noswapWorks(folder)
    expect(readdirSync(folder)).toEqual([])
    expect(ramKind(works)).toBe(works ? 'noswap' : swapActive() ? 'ramfs' : 'no swap active')
    if (!works) return
    await mountAll([{ source: 'dso', target: at('a'), ...ramOptions('noswap', limits) }], folder)
    expect(readMounts('self').at(-1)?.superOptions).toContain('noswap')
  })

  test('what fails is told, the others are mounted; what is busy stays', async () => {
    const place = at('a')
    const ram = ramOptions('no swap active', limits)
    const wishes = [join(folder, 'nowhere'), place].map((target) => ({ source: 'dso', target, ...ram }))
    await expect(mountAll(wishes, folder)).rejects.toThrow(MountError)
    expect(ramType(place)).toBe('tmpfs')
    process.chdir(place)
    await unmountAll([place])
    expect(ramType(place)).toBe('tmpfs')
    process.chdir('/')
    await unmountAll([place])
    expect(readMounts('self').some(({ mountPoint }) => mountPoint === place)).toBe(false)
  })

  test('a full disk leaves the file as it was and is told apart', async () => {
    const place = at('a')
    await mountAll([{ source: 'dso', target: place, type: 'tmpfs', options: 'size=16k' }], folder)
    const path = join(place, 'state.json')
    await writeDurable(path, 'old')
    writeFileSync(join(place, 'filler'), Buffer.alloc(4096))
    const failed = await writeDurable(path, 'x'.repeat(20_000)).catch((error: unknown) => error)
    expect(failed).toBeInstanceOf(DiskRefuses)
    expect(failed).toMatchObject({ code: 'ENOSPC' })
    expect(readFileSync(path, 'utf8')).toBe('old')
    expect(readdirSync(place)).toEqual(['filler', 'state.json'])
  })
})
