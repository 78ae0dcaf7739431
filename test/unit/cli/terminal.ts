import type { Terminal } from '../../../src/cli/terminal.ts'

export interface FakeTerminal extends Terminal {
  readonly output: () => string
  readonly errors: () => string
}

/** A terminal whose output is kept. */
export function fakeTerminal(
  given: Partial<Pick<Terminal, 'env' | 'tty' | 'colour' | 'asks' | 'ended'>> & {
    readonly stdin?: string
    readonly typed?: readonly string[]
    readonly width?: number
  } = {},
): FakeTerminal {
  const out: string[] = []
  const err: string[] = []
  const typed = [...(given.typed ?? [])]
  return {
    env: given.env ?? {},
    tty: given.tty ?? false,
    colour: given.colour ?? false,
    columns: () => given.width,
    rows: () => undefined,
    out: (text) => void out.push(typeof text === 'string' ? text : Buffer.from(text).toString()),
    err: (text) => void err.push(text),
    asks: given.typed !== undefined,
    input: async () => new Uint8Array(Buffer.from(given.stdin ?? '')),
    hidden: async () => new Uint8Array(Buffer.from(typed.shift() ?? '')),
    ended: given.ended ?? new AbortController().signal,
    flushed: async () => {},
    output: () => out.join(''),
    errors: () => err.join(''),
  }
}
