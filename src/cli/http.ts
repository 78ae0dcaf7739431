import { connect } from 'node:net'

/** The head of an answer. */
export interface Head {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
}

export interface Question {
  readonly method: string
  readonly path: string
  readonly body?: Uint8Array
  readonly signal?: AbortSignal
  /** Milliseconds without a byte after which the agent counts as not answering; 0: never. */
  readonly patience: number
}

const headLimit = 64 * 1024

/**
 * Asks once over a Unix socket by HTTP/1.0, whose answer is everything until the end of the connection: `node:http`
 * alone would double the time that `docker dso status` takes. Yields the head, then the body's chunks; a body shorter
 * than its content-length is an error.
 */
export async function* ask(socket: string, question: Question): AsyncGenerator<Head | Uint8Array, void, undefined> {
  const { method, path, body, signal, patience } = question
  const stream = connect({ path: socket, ...(signal === undefined ? {} : { signal }) })
  stream.setTimeout(patience, () => stream.destroy(new Error('the agent does not answer')))
  const length = body === undefined ? '' : `content-length: ${body.byteLength}\r\n`
  // Head and body leave together: a second write would meet a server that has answered the first and gone.
  stream.cork()
  stream.write(`${method} ${path} HTTP/1.0\r\nhost: dso\r\n${length}\r\n`)
  if (body !== undefined && body.byteLength > 0) stream.write(body)
  stream.uncork()
  try {
    let head: Head | undefined
    let missing: number | undefined
    let before: Uint8Array = new Uint8Array(0)
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      let rest = chunk
      if (head === undefined) {
        before = Buffer.concat([before, chunk])
        const end = Buffer.from(before.buffer, before.byteOffset, before.byteLength).indexOf('\r\n\r\n')
        if (end < 0 && before.byteLength > headLimit) throw new Error('the answer is no HTTP')
        if (end < 0) continue
        head = headOf(before.subarray(0, end))
        const announced = head.headers.get('content-length')
        missing = announced === undefined ? undefined : Number(announced)
        rest = before.subarray(end + 4)
        yield head
      }
      if (missing !== undefined) missing -= rest.byteLength
      if (rest.byteLength > 0) yield rest
    }
    if (head === undefined || (missing ?? 0) > 0) throw new Error('the agent ended the connection')
  } finally {
    stream.destroy()
  }
}

function headOf(bytes: Uint8Array): Head {
  const [first = '', ...lines] = Buffer.from(bytes).toString('latin1').split('\r\n')
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(first)?.[1]
  if (status === undefined) throw new Error('the answer is no HTTP')
  const headers = new Map<string, string>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    if (colon > 0) headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim())
  }
  return { status: Number(status), headers }
}
