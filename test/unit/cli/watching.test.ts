import { describe, expect, it } from 'vitest'
import type { Client } from '../../../src/cli/client.ts'
import type { Call } from '../../../src/cli/command.ts'
import { watching } from '../../../src/cli/watching.ts'
import { fakeTerminal } from './terminal.ts'

/** Watches texts that come one at each event, then Ctrl-C. */
async function watch(texts: readonly string[], tty: boolean): Promise<string> {
  const end = new AbortController()
  const terminal = fakeTerminal({ tty, ended: end.signal })
  const rest = [...texts]
  const client = {
    lines: async function* () {
      if (rest.length === 0) end.abort()
      yield {}
    },
  } as unknown as Client
  const call = { terminal, client } as unknown as Call
  expect(await watching(call, async () => rest.shift() ?? '')).toBe(0)
  return terminal.output()
}

describe('watching', () => {
  it('writes a block for each change where the output is no terminal', async () => {
    expect(await watch(['up 1 s. a\n', 'up 2 s. a\n', 'up 3 s. b\n'], false)).toBe('up 1 s. a\n\nup 3 s. b\n')
  })

  it('draws over itself on the alternate screen and leaves it', async () => {
    const drawn = await watch(['a\nb\n', 'c\n'], true)
    expect(drawn).toBe(
      '\x1b[?1049h\x1b[?25l\x1b[Ha\x1b[K\r\nb\x1b[K\r\n\x1b[K\r\n\x1b[J\x1b[Hc\x1b[K\r\n\x1b[K\r\n\x1b[J\x1b[?25h\x1b[?1049l',
    )
  })
})
