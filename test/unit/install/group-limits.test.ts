import { describe, expect, it } from 'vitest'
import { groupLimits } from '../../../src/servers/group-limits.ts'

const of = (groups: string, files: Record<string, string>) =>
  groupLimits(groups, async (file) => files[file.slice('/sys/fs/cgroup/'.length)] ?? '')

const v1 = '9:memory:/agents/dso\n5:cpu,cpuacct:/\n0::/\n'
const v2 = '0::/system.slice/dso.service\n'

describe('groupLimits', () => {
  it.each<[string, string, Record<string, string>, number | undefined, number | undefined]>([
    ['nothing known', '', {}, undefined, undefined],
    ['version 2, no limits', v2, { 'system.slice/dso.service/memory.max': 'max\n' }, undefined, undefined],
    [
      'version 2, as dso.service sets them',
      v2,
      { 'system.slice/dso.service/memory.swap.max': '0\n', 'system.slice/dso.service/memory.max': '536870912\n' },
      536870912,
      0,
    ],
    [
      'version 2, a group above',
      v2,
      { 'system.slice/memory.max': '4096', 'system.slice/dso.service/memory.max': '8192' },
      4096,
      undefined,
    ],
    [
      'version 1, no limits',
      v1,
      { 'memory/agents/dso/memory.limit_in_bytes': '9223372036854771712\n' },
      undefined,
      undefined,
    ],
    [
      'version 1, memory and swap',
      v1,
      { 'memory/agents/memory.limit_in_bytes': '4096', 'memory/agents/dso/memory.memsw.limit_in_bytes': '4096' },
      4096,
      0,
    ],
    ['version 1, swappiness 0', v1, { 'memory/agents/dso/memory.swappiness': '0\n' }, undefined, 0],
    [
      'version 1, some swap',
      v1,
      { 'memory/memory.limit_in_bytes': '4096', 'memory/memory.memsw.limit_in_bytes': '8192' },
      4096,
      4096,
    ],
  ])('reads %s', async (_, groups, files, memory, swap) => {
    expect(await of(groups, files)).toEqual({ memory, swap })
  })
})
