import { type Code, Failure, failures } from '../core/failure.ts'
import { ask, type Head, type Question } from './http.ts'
import { type Level, socketFor, unreachable } from './sockets.ts'

/** What to ask the agent for, and of which of its sockets. */
export interface Request {
  readonly level: Level
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  readonly query?: readonly (readonly [name: string, value: string])[]
  readonly body?: Uint8Array
  readonly signal?: AbortSignal
}

/** The agent as the commands see it. Every method throws the agent's own Failure, or AGENT_DOWN. */
export interface Client {
  json<T>(request: Request): Promise<T>
  bytes(request: Request): Promise<Uint8Array>
  /** One JSON value a line, as they come; ends when the agent ends it. */
  lines<T>(request: Request): AsyncGenerator<T, void, undefined>
}

const patience = 150_000

/** A client of the agent of this host. */
export function createClient(env: Readonly<Record<string, string | undefined>>): Client {
  async function* answer(request: Request, quiet: number): AsyncGenerator<Uint8Array, void, undefined> {
    const path = socketFor(request.level, env)
    const parts = ask(path, question(request, quiet))
    let head: Head | undefined
    const refused: Uint8Array[] = []
    try {
      for await (const part of parts) {
        if (!(part instanceof Uint8Array)) head = part
        else if ((head?.status ?? 500) < 400) yield part
        else refused.push(part)
      }
    } catch (error) {
      if (request.signal?.aborted === true) throw error
      throw unreachable(error, path, request.level)
    }
    if ((head?.status ?? 500) >= 400) throw failureIn(Buffer.concat(refused), head?.status ?? 500)
  }
  const bytes = async (request: Request) => {
    const chunks: Uint8Array[] = []
    for await (const chunk of answer(request, patience)) chunks.push(chunk)
    return Buffer.concat(chunks)
  }
  return {
    bytes,
    json: async <T>(request: Request) => JSON.parse((await bytes(request)).toString()) as T,
    lines: async function* <T>(request: Request) {
      const decoder = new TextDecoder()
      let rest = ''
      for await (const chunk of answer(request, 0)) {
        const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) if (line !== '') yield lineOf<T>(line)
      }
    },
  }
}

function question({ method = 'GET', path, query = [], body, signal }: Request, quiet: number): Question {
  const search = query.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&')
  return {
    method,
    path: search === '' ? path : `${path}?${search}`,
    patience: quiet,
    ...(body === undefined ? (method === 'GET' ? {} : { body: new Uint8Array(0) }) : { body }),
    ...(signal === undefined ? {} : { signal }),
  }
}

/** A line of a stream; a failure that comes after the head was sent is a line of its own. */
function lineOf<T>(line: string): T {
  const value = JSON.parse(line) as T & { readonly error?: unknown }
  if (value.error !== undefined) throw failureFrom(value.error)
  return value
}

function failureIn(body: Buffer, status: number): Failure {
  try {
    return failureFrom((JSON.parse(body.toString()) as { error?: unknown }).error)
  } catch {
    return new Failure('AGENT_DOWN', `the agent answered ${status}`, 'is it of another version? see docker dso version')
  }
}

function failureFrom(error: unknown): Failure {
  const { code, what, remedy, where } = error as Record<string, unknown>
  if (typeof code !== 'string' || !Object.hasOwn(failures, code)) throw new TypeError('no failure')
  return new Failure(code as Code, String(what), String(remedy), String(where ?? ''))
}
