import type { Event } from '../core/event.ts'
import type { Call } from './command.ts'
import { told } from './errors.ts'

const enterAlternate = '\x1b[?1049h\x1b[?25l'
const leaveAlternate = '\x1b[?25h\x1b[?1049l'
const home = '\x1b[H'
const restOfLine = '\x1b[K'
const restOfScreen = '\x1b[J'

/** Longest time between two looks; events of the agent make it sooner. */
const rhythm = 2000

/**
 * Shows what `look` answers until Ctrl-C, which is the expected end: exit status 0. A terminal is redrawn in place;
 * elsewhere each change is written once, below the last.
 */
export async function watching(call: Call, look: () => Promise<string>): Promise<number> {
  const { terminal } = call
  const { ended } = terminal
  let last: string | undefined
  if (terminal.tty) terminal.out(enterAlternate)
  try {
    while (!ended.aborted) {
      const text = await look().catch((error) => `${told(error).line}\n`)
      if (ended.aborted) break
      if (terminal.tty) terminal.out(drawn(text, terminal.rows() ?? 24))
      else if (steady(text) !== last) terminal.out(last === undefined ? text : `\n${text}`)
      last = steady(text)
      await nextEvent(call)
    }
    return 0
  } finally {
    if (terminal.tty) terminal.out(leaveAlternate)
  }
}

/** The text over what was drawn before, as much of it as the terminal shows. */
const drawn = (text: string, rows: number): string =>
  home +
  text
    .split('\n')
    .slice(0, rows - 1)
    .map((line) => `${line}${restOfLine}\r\n`)
    .join('') +
  restOfScreen

/** The text without its ages, which change by themselves. */
const steady = (text: string): string => text.replace(/\b\d+ (s|min|h|d)\b/g, '')

/** Resolves at the agent's next event, and no later than the rhythm. */
async function nextEvent({ client, terminal }: Call): Promise<void> {
  const late = AbortSignal.timeout(rhythm)
  const signal = AbortSignal.any([late, terminal.ended])
  const now = new Date().toISOString()
  try {
    const query: [string, string][] = [
      ['since', now],
      ['follow', '1'],
    ]
    for await (const _ of client.lines<Event>({ level: 'status', path: '/v1/events', query, signal })) return
  } catch {
    // An agent that is away is looked for again at the same rhythm.
  }
  if (!signal.aborted)
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
