import { spawnSync } from 'node:child_process'
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { unmountBelow } from '../../../src/host/mounts.ts'
import { apart } from '../apart.ts'
import { birth, contentOf, file, generation, opened } from './scene.ts'

apart(import.meta.url, () => {
  afterEach(async () => {
    await unmountBelow('/run/dso')
    rmSync('/run/dso', { recursive: true, force: true })
  })

  describe('no room', () => {
    test('in all mounts together: refused before anything is written, what is there stays', async () => {
      const delivery = await opened(3 * 4096)
      const directory = await delivery.deliver(birth('m1'))
      await expect(delivery.deliver(birth('m2'))).rejects.toMatchObject({ code: 'RAM_FULL' })
      const three = [file('a', 'x'), file('b', 'x'), file('c', 'x'), file('d', 'x')]
      const slot = delivery.find('m1')?.slot ?? ''
      await expect(delivery.renew(slot, generation('2'), three)).rejects.toMatchObject({ code: 'RAM_FULL' })
      expect(contentOf(directory)).toEqual({ a: 'one', b: 'two' })
      expect(delivery.find('m1')?.generation).toEqual(generation('1'))
      expect(readdirSync(directory).filter((name) => name.startsWith('..')).length).toBe(2)
    })

    test('in one mount: the file system says so before the rename, nothing of the new set is left', async () => {
      const delivery = await opened()
      const directory = await delivery.deliver(birth('m1'))
      const before = readdirSync(directory)
      const state = join(directory, '..', 'state')
      spawnSync('mount', ['-o', 'remount,size=16k', state])
      const big = [file('a', 'x'.repeat(9000)), file('c', 'y'.repeat(9000))]
      const slot = delivery.find('m1')?.slot ?? ''
      await expect(delivery.renew(slot, generation('2'), big)).rejects.toMatchObject({ code: 'RAM_FULL' })
      expect(readdirSync(directory)).toEqual(before)
      expect(contentOf(directory)).toEqual({ a: 'one', b: 'two' })
    })

    test('is never for files that may be there: a mount still remembers what it is', async () => {
      const first = await opened()
      await first.deliver(birth('m1', { files: [file('a', 'x'.repeat(32 * 1024 * 1024))] }))
      expect((await opened()).find('m1')?.generation).toEqual(generation('1'))
      const more = birth('m2', { files: [file('a', 'x'.repeat(32 * 1024 * 1024 + 1))] })
      await expect(first.deliver(more)).rejects.toMatchObject({ code: 'RAM_FULL' })
    })

    test('for what a mount remembers of itself: it is remembered by this agent, and the other mounts go on', async () => {
      const delivery = await opened()
      const directory = await delivery.deliver(birth('m1'))
      await delivery.deliver(birth('m2'))
      const [one, two] = [delivery.find('m1')?.slot ?? '', delivery.find('m2')?.slot ?? '']
      await delivery.renew(one, generation('2'), [file('a', 'changed')])
      const fill = () => writeFileSync(join(directory, '..', 'state', 'fill'), Buffer.alloc(34 * 1024 * 1024))
      expect(fill).toThrow('ENOSPC')
      delivery.used('m1', 1)
      await delivery.prove(one)
      expect(delivery.find('m1')).toMatchObject({ uses: 1, proved: generation('2') })
      expect(await delivery.look()).toHaveLength(2)
      await delivery.renew(two, generation('2'), [file('a', 'changed')])
      expect((await opened()).find('m1')).toMatchObject({ generation: generation('2'), proved: generation('1') })
    })
  })
})
