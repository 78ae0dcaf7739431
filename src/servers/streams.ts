import { Failure } from '../core/failure.ts'
import { readKey } from '../core/reference.ts'
import type { Answer, Asked } from './answer.ts'
import type { ControlParts } from './parts.ts'
import { resolveTarget } from './target.ts'

/** Events since a sequence number or a time, and with `follow` those to come, until the caller goes away. */
export function eventLines({ events }: ControlParts, { query, signal }: Asked): Answer {
  const from = sinceOf(query.get('since'))
  return {
    kind: 'lines',
    run: async (line) => {
      for (const event of events.since(from)) line(event)
      if (query.get('follow') !== '1') return
      const stop = events.follow(line)
      try {
        await ended(signal)
      } finally {
        stop()
      }
    },
  }
}

/** `since`: the number of the last event seen, or a time; nothing: from the beginning. */
function sinceOf(text: string | null): number | Date {
  if (text === null || text === '') return 0
  if (/^\d{1,15}$/.test(text)) return Number(text)
  const time = new Date(text)
  if (!Number.isNaN(time.getTime())) return time
  throw new Failure(
    'BAD_REFERENCE',
    'since is neither a number nor a time',
    'write it as 2026-01-31T10:00:00Z, 1h or a number',
  )
}

const ended = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })

/** Looks again at the targets named, or at everything. */
export async function syncLines({ loop, names }: ControlParts, { query, signal }: Asked): Promise<Answer> {
  const workloads: string[] = []
  const reads: string[] = []
  const known = await names()
  for (const text of query.getAll('target')) {
    const target = resolveTarget(text, known)
    if (target.kind === 'workload') workloads.push(target.workload)
    else if (target.kind === 'reference') reads.push(readKey(target.reference))
    else throw new Failure('SECRET_NOT_FOUND', `${text} is a volume`, 'name the workload that mounts it')
  }
  const wish = {
    ...(workloads.length > 0 && { workloads }),
    ...(reads.length > 0 && { reads }),
    retry: query.get('retry') === '1',
    wait: query.get('wait') === '1',
  }
  return { kind: 'lines', run: (line) => loop.sync(wish, line, signal) }
}

/** Searches for every value in use. */
export const scanLines = ({ scan }: ControlParts, { signal }: Asked): Answer => ({
  kind: 'lines',
  run: (line) => scan(line, signal),
})
