import { setTimeout as sleep } from 'node:timers/promises'
import type { VersionAnswer } from '../../core/api.ts'
import type { Event } from '../../core/event.ts'
import { sentenceOf } from '../../core/event-text.ts'
import { isFailure } from '../../core/failure.ts'
import { type Call, type Command, Usage } from '../command.ts'

/** Milliseconds between two tries to reach an agent that went away. */
const rhythm = 1000

export const events: Command = {
  name: 'events',
  usage: '',
  summary: 'Show what happened since the agent started, one line each',
  examples: [
    ['docker dso events', 'all of them'],
    ['docker dso events --since 1h', 'the last hour'],
    ['docker dso events --follow', 'and those to come, across restarts of the agent, until Ctrl-C'],
  ],
  options: [
    { name: 'follow', short: 'f', text: 'go on with those to come' },
    { name: 'since', value: 'TIME', text: 'only from then on: 1h, 30m, 2026-01-31T10:00:00Z' },
  ],
  least: 0,
  most: 0,
  run: async (call) => {
    const first = since(call.options.get('since'), Date.now())
    if (call.options.has('follow')) return follow(call, first)
    await show(call, first, false)
    return 0
  },
}

/** Prints the events and returns the number of the last; `last` is where it begins. */
async function show(call: Call, from: string, following: boolean): Promise<string> {
  const { client, terminal, json } = call
  const query: [string, string][] = [['since', from]]
  if (following) query.push(['follow', '1'])
  let last = from
  try {
    for await (const event of client.lines<Event>({
      level: 'status',
      path: '/v1/events',
      query,
      signal: terminal.ended,
    })) {
      last = String(event.seq)
      terminal.out(
        json ? `${JSON.stringify(event)}\n` : `${event.at}  ${event.kind.padEnd(20)}  ${sentenceOf(event)}\n`,
      )
    }
  } catch (error) {
    if (!following || !(terminal.ended.aborted || (isFailure(error, 'AGENT_DOWN') && last !== from))) throw error
  }
  return last
}

/** Goes on where it was when the agent comes back; a new agent numbers from the beginning. */
async function follow(call: Call, first: string): Promise<number> {
  const { client, terminal } = call
  const agent = () => client.json<VersionAnswer>({ level: 'status', path: '/v1/version' })
  let { startedAt } = await agent()
  let last = first
  while (!terminal.ended.aborted) {
    last = await show(call, last, true).catch(() => last)
    if (terminal.ended.aborted) break
    await sleep(rhythm, undefined, { signal: terminal.ended }).catch(() => {})
    const now = await agent().catch(() => undefined)
    if (now !== undefined && now.startedAt !== startedAt) {
      startedAt = now.startedAt
      last = '0'
    }
  }
  return 0
}

const units: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `1h` before now, or a time, as the agent takes it. Throws Usage. */
function since(text: string | undefined, now: number): string {
  if (text === undefined) return '0'
  const [, count, unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? []
  const time = count === undefined ? Date.parse(text) : now - Number(count) * (units[unit] ?? 0)
  if (Number.isNaN(time)) throw new Usage(`dso: events: --since is no time: write 1h, 30m or 2026-01-31T10:00:00Z`)
  return new Date(time).toISOString()
}
