import { Failure } from '../core/failure.ts'
import { readKey } from '../core/reference.ts'
import { type Answer, type Asked, json } from './answer.ts'
import type { ControlParts } from './parts.ts'
import { secretRoutes } from './secret-routes.ts'
import { eventLines, scanLines, syncLines } from './streams.ts'
import { resolveTarget, workloadNamed } from './target.ts'

/** The sockets, the least privileged first: each serves its own routes and those before it (core/api.ts). */
export const levels = ['status', 'control', 'root'] as const
export type Level = (typeof levels)[number]

export interface Route {
  readonly level: Level
  readonly answer: (asked: Asked) => Answer | Promise<Answer>
}

/** Every route there is, by `METHOD /path`; `root METHOD /path` is what root.sock answers in its place. */
export function routesOf(parts: ControlParts): ReadonlyMap<string, Route> {
  const table: Record<string, Route> = { ...statusRoutes(parts), ...controlRoutes(parts), ...secretRoutes(parts) }
  return new Map(Object.entries(table))
}

function statusRoutes(parts: ControlParts): Record<string, Route> {
  const { loop } = parts
  const at = (answer: Route['answer']): Route => ({ level: 'status', answer })
  return {
    'GET /v1/version': at(() => json(parts.version)),
    'GET /v1/status': at(async () => json(await parts.status())),
    'GET /v1/checks': at(async () => json(await parts.checks())),
    'GET /v1/events': at((asked) => eventLines(parts, asked)),
    'GET /v1/names': at(async () => json({ workloads: (await parts.names()).workloads })),
    'GET /v1/rollouts': at(async ({ query }) => {
      const asked = query.get('workload')
      if (asked === null) return json(loop.rollouts())
      // A workload that is gone has its records still.
      const records = loop.rollouts(asked)
      return json(records.length > 0 ? records : loop.rollouts(workloadNamed(asked, await parts.names())))
    }),
    'GET /v1/explain': at(async ({ query }) => {
      return json(await parts.explain(resolveTarget(query.get('target') ?? '', await parts.names())))
    }),
    'GET /v1/plan': at(async ({ query }) => {
      const text = query.get('target')
      if (text === null) return json(await loop.plan())
      const target = resolveTarget(text, await parts.names())
      if (target.kind === 'workload') return json(await loop.plan({ workload: target.workload }))
      if (target.kind === 'reference') return json(await loop.plan({ read: readKey(target.reference) }))
      throw new Failure('SECRET_NOT_FOUND', `${text} is a volume`, 'name the workload that mounts it')
    }),
  }
}

function controlRoutes(parts: ControlParts): Record<string, Route> {
  const { loop } = parts
  const at = (answer: Route['answer']): Route => ({ level: 'control', answer })
  const turn = (how: (workload?: string) => void): Route =>
    at(async ({ query }) => {
      const workload = query.get('workload')
      how(workload === null ? undefined : workloadNamed(workload, await parts.names()))
      return json({ paused: loop.paused() })
    })
  return {
    'POST /v1/pause': turn((workload) => loop.pause(workload)),
    'POST /v1/resume': turn((workload) => loop.resume(workload)),
    'POST /v1/sync': at((asked) => syncLines(parts, asked)),
    'POST /v1/scan': { level: 'root', answer: (asked) => scanLines(parts, asked) },
  }
}
