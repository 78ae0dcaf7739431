import { lstatSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { unmountBelow } from '../../../src/host/mounts.ts'
import { apart } from '../apart.ts'
import { birth, contentOf, hold, mountsBelow, opened } from './scene.ts'

apart(import.meta.url, () => {
  afterEach(async () => {
    vi.useRealTimers()
    await unmountBelow('/run/dso')
    rmSync('/run/dso', { recursive: true, force: true })
  })

  describe('a holder', () => {
    test('is the container whose process has the directory mounted', async () => {
      const delivery = await opened()
      const one = await hold(await delivery.deliver(birth('m1')))
      await delivery.deliver(birth('m2'))
      const mounts = await delivery.look()
      expect(mounts.map(({ mountId, holders, everHeld }) => [mountId, holders, everHeld])).toEqual([
        ['m1', [one.id], true],
        ['m2', [], false],
      ])
      await one.end()
      expect((await delivery.look())[0]).toMatchObject({ holders: [], everHeld: true })
    })

    test('is not a container that is being started and still sees what dockerd sees', async () => {
      const delivery = await opened()
      const starting = await hold(await delivery.deliver(birth('m1')), { starting: true })
      delivery.used('m1', 1)
      expect((await delivery.look())[0]).toMatchObject({ holders: [], everHeld: false })
      vi.useFakeTimers({ toFake: ['Date'] })
      vi.setSystemTime(Date.now() + 121_000)
      await delivery.sweep()
      expect(delivery.find('m1')).toBeDefined()
      await starting.end()
      await delivery.sweep()
      expect(delivery.find('m1')).toBeUndefined()
    })

    test('is not who merely sees the mounts of the host', async () => {
      const delivery = await opened()
      await delivery.deliver(birth('m1'))
      const onlooker = await hold('/proc')
      expect((await delivery.look())[0]).toMatchObject({ holders: [], everHeld: false })
      await onlooker.end()
    })
  })

  describe('a sweep', () => {
    test('releases what was held, given back and is held no more', async () => {
      const delivery = await opened()
      const directory = await delivery.deliver(birth('m1'))
      delivery.used('m1', 1)
      const holder = await hold(directory)
      await delivery.sweep()
      expect(contentOf(directory)).toEqual({ a: 'one', b: 'two' })
      delivery.used('m1', -1)
      await delivery.sweep()
      expect(delivery.find('m1')).toBeDefined()
      await holder.end()
      await delivery.sweep()
      expect(delivery.find('m1')).toBeUndefined()
      expect(mountsBelow(dirname(directory))).toEqual([])
      expect(lstatSync(dirname(directory), { throwIfNoEntry: false })).toBeUndefined()
      expect(delivery.facts).toContainEqual({ kind: 'mount.released', workload: 'shop/api', volume: 'shop_secrets' })
      expect(delivery.ram().bytes).toBe(0)
    })

    test('waits two minutes for who was answered and has not come, and as long when a count was lost', async () => {
      const delivery = await opened()
      await delivery.deliver(birth('m1'))
      const holder = await hold(await delivery.deliver(birth('m2')))
      delivery.used('m2', 1)
      await delivery.look()
      await holder.end()
      await delivery.sweep()
      expect((await delivery.look()).length).toBe(2)
      vi.useFakeTimers({ toFake: ['Date'] })
      vi.setSystemTime(Date.now() + 121_000)
      await delivery.sweep()
      expect(await delivery.look()).toEqual([])
    })
  })
})
