import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { readMounts } from '../../../src/host/mountinfo.ts'
import { unmountBelow } from '../../../src/host/mounts.ts'
import { Secret } from '../../../src/store/secret.ts'
import { apart } from '../apart.ts'
import { agent, birth, contentOf, file, generation, hold, opened, root } from './scene.ts'

apart(import.meta.url, () => {
  afterEach(async () => {
    await unmountBelow('/run/dso')
    rmSync('/run/dso', { recursive: true, force: true })
  })

  describe('a Mount', () => {
    test('answers a read-only directory in RAM with exact bytes, modes and owners', async () => {
      const delivery = await opened()
      const bytes = Buffer.from([0, 255, 13, 10, 128, 10])
      const files = [
        file('db.password', 'x', { mode: 0o400, uid: 1000, gid: 1001 }),
        file('empty', ''),
        file('raw', 'é\r\n\n'),
      ]
      const directory = await delivery.deliver(
        birth('m1', { files: [...files, { ...file('bin', ''), bytes: new Secret(bytes) }] }),
      )
      expect(readFileSync(join(directory, 'bin'))).toEqual(bytes)
      expect(contentOf(directory)).toMatchObject({ 'db.password': 'x', empty: '', raw: 'é\r\n\n' })
      expect(statSync(join(directory, 'db.password'))).toMatchObject({ mode: 0o100400, uid: 1000, gid: 1001 })
      expect(statSync(directory).mode & 0o7777).toBe(0o555)
      expect(statSync(root).mode & 0o7777).toBe(0o700)
      expect(() => writeFileSync(join(directory, 'x'), '')).toThrow('EROFS')
      const shown = readMounts('self').find(({ mountPoint }) => mountPoint === directory)
      expect(shown?.options).toEqual(expect.arrayContaining(['ro', 'nosuid', 'nodev', 'noexec']))
      expect(shown?.type).toBe('tmpfs')
      expect(delivery.ram()).toMatchObject({ bytes: 3 * 4096 })
    })

    test('nobody else can go there', async () => {
      const delivery = await opened()
      const directory = await delivery.deliver(birth('m1'))
      const words = ['--reuid=65534', '--regid=65534', '--clear-groups', 'cat', join(directory, 'a')]
      const { status, stdout, stderr } = spawnSync('setpriv', words, { encoding: 'utf8' })
      expect([status, stdout]).toEqual([1, ''])
      expect(stderr).toContain('Permission denied')
    })

    test('is idempotent by its id, also when asked twice at once', async () => {
      const delivery = await opened()
      const [first, second] = await Promise.all([delivery.deliver(birth('m1')), delivery.deliver(birth('m1'))])
      expect(second).toBe(first)
      expect(await delivery.look()).toHaveLength(1)
      await expect(delivery.deliver(birth('m1', { volume: 'other' }))).rejects.toMatchObject({
        code: 'VOLUME_AMBIGUOUS',
      })
    })

    test('of an id whose container ended gets the new files, one that is held keeps its own', async () => {
      const delivery = await opened()
      const directory = await delivery.deliver(birth('m1'))
      const again = birth('m1', { generation: generation('2'), files: [file('a', 'new')] })
      const holder = await hold(directory)
      expect(await delivery.deliver(again)).toBe(directory)
      expect(contentOf(directory)).toEqual({ a: 'one', b: 'two' })
      await holder.end()
      expect(await delivery.deliver(again)).toBe(directory)
      expect(contentOf(directory)).toEqual({ a: 'new' })
      expect(delivery.find('m1')).toMatchObject({ proved: generation('2'), everHeld: false })
    })

    test('many at once, more than are prepared, each get their own', async () => {
      const delivery = await opened()
      const all = await Promise.all(
        Array.from({ length: 30 }, (_, n) => delivery.deliver(birth(`m${n}`, { files: [file('n', `${n}`)] }))),
      )
      expect(new Set(all).size).toBe(30)
      expect(all.map((directory) => contentOf(directory)['n'])).toEqual(all.map((_, n) => `${n}`))
    })

    test('of docker create shows a directory that is not empty and holds nothing', async () => {
      const delivery = await opened()
      const directory = await delivery.marker()
      expect(await delivery.marker()).toBe(directory)
      expect(readdirSync(directory)).toContain('..data')
      expect(readdirSync(join(directory, '..data'))).toEqual([])
      expect(await delivery.look()).toEqual([])
    })
  })

  describe('another life of the agent', () => {
    test('finds every generation and rotates nothing', async () => {
      const first = await opened()
      const directory = await first.deliver(birth('m1', { authorised: ['c1'] }))
      first.used('m1', 1)
      await first.renew(first.find('m1')?.slot ?? '', generation('2'), [file('a', 'changed')])
      const link = readlinkSync(join(directory, '..data'))
      const second = await opened()
      expect(second.find('m1')).toEqual(first.find('m1'))
      expect(second.find('m1')).toMatchObject({
        generation: generation('2'),
        proved: generation('1'),
        uses: 1,
        authorised: ['c1'],
      })
      expect(readlinkSync(join(directory, '..data'))).toBe(link)
      expect(second.ram()).toEqual(first.ram())
    })

    test('takes spares over and removes what was filled and never answered', async () => {
      const first = await opened()
      await first.deliver(birth('m1'))
      const directory = await first.deliver(birth('m2'))
      rmSync(join(directory, '..', 'state', 'mount.json'))
      const before = readdirSync(root).length
      const second = await opened()
      expect(second.find('m2')).toBeUndefined()
      expect(readdirSync(root).length).toBe(before - 1)
      expect(lstatSync(directory, { throwIfNoEntry: false })).toBeUndefined()
    })

    test('removes what was being released, and finds everything else', async () => {
      const first = await opened()
      await first.deliver(birth('m1'))
      const directory = await first.deliver(birth('m2'))
      const link = readlinkSync(join(directory, '..data'))
      rmSync(join(directory, '..', 'state', 'files', link), { recursive: true })
      const second = await opened()
      expect(second.find('m1')?.generation).toEqual(generation('1'))
      expect(second.find('m2')).toBeUndefined()
      expect(lstatSync(directory, { throwIfNoEntry: false })).toBeUndefined()
    })

    test('goes by the link, whatever manifest was written last', async () => {
      const first = await opened()
      const directory = await first.deliver(birth('m1'))
      const manifests = join(directory, '..', 'state', 'generations')
      writeFileSync(
        join(manifests, '..2099_01_01_00_00_00.ab.json'),
        JSON.stringify({ generation: generation('9'), bytes: 0 }),
      )
      expect((await opened()).find('m1')?.generation).toEqual(generation('1'))
      rmSync(join(manifests, `${readlinkSync(join(directory, '..data'))}.json`))
      expect((await opened()).find('m1')?.generation.fingerprint).toBe('unknown')
    })
  })

  describe('the root', () => {
    test('is refused as a link, of another owner, and where others may write', async () => {
      mkdirSync('/run/dso', { mode: 0o711 })
      symlinkSync('/tmp', root)
      await expect(agent().open()).rejects.toMatchObject({
        code: 'NOT_RAM',
        what: expect.stringContaining('is no directory'),
      })
      rmSync(root)
      mkdirSync(root)
      spawnSync('chown', ['65534', root])
      await expect(agent().open()).rejects.toMatchObject({ what: expect.stringContaining('belongs to uid 65534') })
      rmdirSync(root)
      chmodSync('/run/dso', 0o777)
      const delivery = agent()
      await expect(delivery.deliver(birth('m1'))).rejects.toMatchObject({
        what: expect.stringContaining('others may write'),
      })
      chmodSync('/run/dso', 0o711)
      expect(contentOf(await delivery.deliver(birth('m1')))).toEqual({ a: 'one', b: 'two' })
    })

    test('nothing is written where the RAM is no longer mounted', async () => {
      const delivery = await opened()
      const directory = await delivery.deliver(birth('m1'))
      const slot = delivery.find('m1')?.slot ?? ''
      await unmountBelow(dirname(directory))
      mkdirSync(join(directory, '..', 'state', 'files'))
      await expect(delivery.renew(slot, generation('2'), [file('a', 'x')])).rejects.toMatchObject({ code: 'NOT_RAM' })
      expect(readdirSync(join(directory, '..', 'state', 'files'))).toEqual([])
    })
  })

  test('emptying takes the values and the way back', async () => {
    const delivery = await opened()
    const directory = await delivery.deliver(birth('m1'))
    await delivery.empty(delivery.find('m1')?.slot ?? '')
    expect(contentOf(directory)).toEqual({})
    expect(delivery.find('m1')).toMatchObject({ generation: { reads: {} }, proved: { reads: {} } })
  })
})
