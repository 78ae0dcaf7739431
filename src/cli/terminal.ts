import { once } from 'node:events'
import { connect } from 'node:net'

/** Everything a command may do to the world of its caller: tests hand in their own. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Standard output is a terminal. */
  readonly tty: boolean
  /** Colour may be used. */
  readonly colour: boolean
  /** Columns of the terminal; undefined when the output is no terminal. */
  columns(): number | undefined
  /** Lines of the terminal, likewise. */
  rows(): number | undefined
  /** False once the reader went away. */
  out(text: string | Uint8Array): void
  err(text: string): void
  /** Standard input is a terminal. */
  readonly asks: boolean
  /** Everything on standard input; throws a RangeError above `limit` bytes. */
  input(limit: number): Promise<Uint8Array<ArrayBuffer>>
  /** One line typed without echo. Throws an Interrupted on Ctrl-C. */
  hidden(prompt: string): Promise<Uint8Array<ArrayBuffer>>
  /** Aborts on Ctrl-C, SIGTERM, and when the docker that started us is gone. */
  readonly ended: AbortSignal
  flushed(): Promise<void>
}

/** Somebody pressed Ctrl-C at a prompt. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
}

/** The terminal of this process. */
export function createTerminal(env: Readonly<Record<string, string | undefined>>): Terminal {
  const { stdout, stderr, stdin } = process
  stdout.on('error', () => process.exit(0))
  const tty = stdout.isTTY === true
  return {
    env,
    tty,
    colour: tty && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb',
    columns: () => (tty ? stdout.columns || 80 : undefined),
    rows: () => (tty ? stdout.rows || 24 : undefined),
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    asks: stdin.isTTY === true,
    input: (limit) => readAll(stdin, limit),
    hidden: (prompt) => typed(prompt),
    get ended() {
      return endOf(env)
    },
    flushed: () => new Promise((resolve) => stdout.write('', () => resolve())),
  }
}

async function readAll(stream: AsyncIterable<unknown>, limit: number): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of stream) {
    const bytes = chunk as Uint8Array
    length += bytes.byteLength
    if (length > limit) throw new RangeError(`more than ${limit} bytes`)
    chunks.push(bytes)
  }
  return joined(chunks, length)
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    all.set(chunk, at)
    at += chunk.byteLength
    chunk.fill(0)
  }
  return all
}

const [ctrlC, ctrlD, newline, carriageReturn, backspace, del, ctrlU] = [3, 4, 10, 13, 8, 127, 21]

/** Reads one line byte by byte in raw mode: the terminal shows nothing, and what comes after the line stays unread. */
async function typed(prompt: string): Promise<Uint8Array<ArrayBuffer>> {
  const { stdin, stderr } = process
  stdin.setRawMode(true)
  stderr.write(prompt)
  const bytes: number[] = []
  try {
    for (;;) {
      const byte = await nextByte(stdin)
      if (byte === ctrlC) throw new Interrupted('interrupted')
      if (byte === newline || byte === carriageReturn || byte === ctrlD) return Uint8Array.from(bytes)
      if (byte === ctrlU) bytes.length = 0
      else if (byte === backspace || byte === del) eraseCharacter(bytes)
      else bytes.push(byte)
    }
  } finally {
    bytes.fill(0)
    stdin.setRawMode(false)
    stderr.write('\n')
  }
}

/** The next byte typed; the end of the input counts as Ctrl-D. */
async function nextByte(stdin: NodeJS.ReadStream): Promise<number> {
  for (;;) {
    const byte = stdin.read(1) as Buffer | null
    if (byte !== null) return byte[0] ?? ctrlD
    if (stdin.readableEnded || stdin.destroyed) return ctrlD
    await Promise.race([once(stdin, 'readable'), once(stdin, 'end')])
  }
}

/** Removes the last UTF-8 character. */
function eraseCharacter(bytes: number[]): void {
  while (((bytes.at(-1) ?? 0) & 0xc0) === 0x80) bytes.pop()
  bytes.pop()
}

let end: AbortController | undefined

/** Docker tells a plugin that it is gone by closing a socket (source: docker/cli, cli-plugins/socket). */
function endOf(env: Terminal['env']): AbortSignal {
  if (end !== undefined) return end.signal
  const controller = new AbortController()
  end = controller
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => controller.abort())
  const socket = env['DOCKER_CLI_PLUGIN_SOCKET']
  if (socket !== undefined && socket !== '') {
    const held = connect({ path: socket.replace(/^@/, '\0') })
    held.on('error', () => {})
    held.on('end', () => controller.abort())
    held.unref()
  }
  return controller.signal
}
