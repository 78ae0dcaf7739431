import { EngineError } from './engine-error.ts'
import type { DockerEvent } from './engine-types.ts'
import { object, parseJson, text, texts } from './parse.ts'

/** What may change what is asked for, held or healthy. Docker matches by prefix; `exec_…` of health checks stays out. */
const actions = [
  'create',
  'destroy',
  'die',
  'health_status',
  'kill',
  'oom',
  'pause',
  'rename',
  'restart',
  'start',
  'stop',
  'unpause',
  'update',
]

/** The path of the event stream. `since` in milliseconds since 1970; Docker remembers its last 256 events only. */
export function eventsPath(since: number | undefined): string {
  const filters = JSON.stringify({ type: ['container', 'volume'], event: actions })
  const query = new URLSearchParams({ filters })
  if (since !== undefined) query.set('since', (since / 1000).toFixed(3))
  return `/events?${query}`
}

/** Most bytes of one event: attributes carry all labels of a container. */
const lineLimit = 4 * 1024 * 1024

/** One event a line of JSON. Ends by throwing `unreachable`: the engine never ends the stream while it lives. */
export async function* parseEvents(source: AsyncIterable<Uint8Array>): AsyncGenerator<DockerEvent> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of source) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > lineLimit) throw new EngineError('malformed', 'an event of Docker is too long')
    for (const line of lines) if (line.trim() !== '') yield parseEvent(line)
  }
  throw new EngineError('unreachable', 'Docker ended its event stream')
}

function parseEvent(line: string): DockerEvent {
  const event = object(parseJson(line))
  const actor = object(event['Actor'])
  const nanoseconds = event['timeNano']
  return {
    type: event['Type'] === 'volume' ? 'volume' : 'container',
    action: text(event['Action']),
    id: text(actor['ID']),
    attributes: texts(actor['Attributes']),
    at: typeof nanoseconds === 'number' ? Math.floor(nanoseconds / 1e6) : 0,
  }
}
