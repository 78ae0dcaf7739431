import { describe, expect, it } from 'vitest'
import { readPattern } from '../../../src/scan/places/cores.ts'
import { swapsIn } from '../../../src/scan/places/swap.ts'

describe('readPattern', () => {
  it.each([
    ['core', undefined, ['core', 'core.123'], ['cores', 'score']],
    ['core.%e.%p', undefined, ['core.node.12', 'core.node.12.12'], ['core']],
    ['/var/crash/%e-%p.core', { path: '/var/crash', deep: false }, ['node-1.core'], ['node.core']],
    ['/cores/x-%h/core.%p', { path: '/cores', deep: true }, ['core.1'], ['x']],
    ['/core', { path: '/', deep: false }, ['core'], ['vmlinuz']],
    ['|/usr/lib/systemd/systemd-coredump %P', '', [], []],
    ['', '', [], []],
  ] as const)('reads %j', (pattern, folder, cores, others) => {
    const read = readPattern(pattern)
    expect(read.folder).toEqual(folder)
    for (const name of cores) expect(read.isCore(name), name).toBe(true)
    for (const name of others) expect(read.isCore(name), name).toBe(false)
  })
})

describe('swapsIn', () => {
  it('reads the kernel table, blanks in names included', () => {
    const table =
      'Filename\t\t\tType\t\tSize\n/dev/sda2                              partition\t1\n/swap\\040file                          file\t1\n'
    expect(swapsIn(table)).toEqual(['/dev/sda2', '/swap file'])
  })

  it('reads an empty table', () => expect(swapsIn('Filename Type Size\n')).toEqual([]))
})
