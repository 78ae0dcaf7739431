import type { IncomingMessage, ServerResponse } from 'node:http'
import { finished } from 'node:stream/promises'
import { Failure } from '../core/failure.ts'
import { BodyRefused } from '../host/unix.ts'
import { bodyOf, refuse, send } from './answer.ts'
import type { ControlParts } from './parts.ts'
import { type Level, levels, type Route, routesOf } from './routes.ts'

/** Answers one HTTP request; never throws. */
export type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>

const patienceMs = 5000

/** One handler for each socket: it serves the routes of its own level and of those below, and refuses the others. */
export function createControl(parts: ControlParts): Readonly<Record<Level, Handler>> {
  const routes = routesOf(parts)
  const handler =
    (level: Level): Handler =>
    async (request, response) => {
      try {
        await answer(routes, level, request, response)
      } catch (error) {
        if (!(error instanceof Failure || error instanceof BodyRefused)) {
          const kind =
            error instanceof Error ? `${error.name} ${(error as NodeJS.ErrnoException).code ?? ''}`.trim() : 'error'
          parts.emit({ kind: 'problem', where: `${level}.sock`, message: `${request.method} failed: ${kind}` })
        }
        await drained(request)
        refuse(response, error)
      } finally {
        request.resume()
      }
    }
  return { status: handler('status'), control: handler('control'), root: handler('root') }
}

/** A caller that is still sending reads no answer: what it sends is thrown away first, for a while. */
async function drained(request: IncomingMessage): Promise<void> {
  if (request.complete || request.destroyed) return
  const enough = AbortSignal.timeout(patienceMs)
  request.resume()
  await finished(request, { signal: enough }).catch(() => {})
}

async function answer(
  routes: ReadonlyMap<string, Route>,
  level: Level,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = URL.parse(request.url ?? '', 'http://dso')
  const name = `${request.method} ${url?.pathname}`
  const route =
    url === null ? undefined : ((level === 'root' ? routes.get(`root ${name}`) : undefined) ?? routes.get(name))
  if (url === null || route === undefined) return refuse(response, unknown(name), 404)
  if (levels.indexOf(route.level) > levels.indexOf(level)) return refuse(response, above(route.level), 403)
  const gone = new AbortController()
  response.on('close', () => gone.abort())
  const asked = { query: url.searchParams, body: (limit: number) => bodyOf(request, limit), signal: gone.signal }
  await send(response, await route.answer(asked))
}

const unknown = (name: string): Failure =>
  new Failure(
    'AGENT_DOWN',
    `this agent knows no ${name.slice(0, 100)}`,
    'is it of another version? see docker dso version',
  )

const above = (level: Level): Failure =>
  new Failure('AGENT_DOWN', 'this socket does not do that', `ask ${level}.sock, which needs more rights`)
