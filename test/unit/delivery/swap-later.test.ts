import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { unmountBelow } from '../../../src/host/mounts.ts'
import { ramType } from '../../../src/host/ram.ts'
import { apart } from '../apart.ts'
import { birth, opened, root } from './scene.ts'

/** A kernel before Linux 6.4, whose swap is switched on while the agent runs. */
apart(import.meta.url, () => {
  const heading = 'Filename\tType\tSize\tUsed\tPriority\n'
  const bind = (from: string, to: string) => expect(spawnSync('mount', ['--bind', from, to]).status).toBe(0)
  const swapOn = () => writeFileSync('/run/old/swaps', `${heading}/dev/sda2 partition 1 0 -2\n`)

  beforeEach(() => {
    mkdirSync('/run/old')
    copyFileSync('/usr/bin/mount', '/run/old/mount')
    chmodSync('/run/old/mount', 0o755)
    writeFileSync('/run/old/refusing', '#!/bin/sh\ngrep -q noswap "$4" && exit 32\nexec /run/old/mount "$@"\n', {
      mode: 0o755,
    })
    writeFileSync('/run/old/swaps', heading)
    bind('/run/old/swaps', '/proc/swaps')
    bind('/run/old/refusing', '/usr/bin/mount')
  })
  afterEach(async () => {
    for (const path of ['/usr/bin/mount', '/proc/swaps']) spawnSync('umount', [path])
    await unmountBelow('/run/dso')
    for (const path of ['/run/dso', '/run/old']) rmSync(path, { recursive: true, force: true })
  })

  test('what stands is told as it is, and new mounts are of RAM that is never swapped', async () => {
    const delivery = await opened()
    const before = await delivery.deliver(birth('m1'))
    expect(delivery.ram().kind).toBe('no swap active')
    await new Promise((resolve) => setTimeout(resolve, 600))
    swapOn()
    expect(delivery.ram().kind).toBe('may be swapped')
    const after = await delivery.deliver(birth('m2'))
    expect([before, after].map(ramType)).toEqual(['tmpfs', 'ramfs'])
    expect(delivery.ram().kind).toBe('may be swapped')
  })

  test('an agent that starts with swap keeps everything out of it', async () => {
    swapOn()
    const delivery = await opened()
    expect(ramType(await delivery.deliver(birth('m1')))).toBe('ramfs')
    expect(ramType(join(root, 'store'))).toBe('ramfs')
    expect(delivery.ram().kind).toBe('ramfs')
  })
})
