import type { Event } from '../core/event.ts'

export interface Standing {
  /** One sentence for each thing that is wrong with the agent itself now. */
  problems(): readonly string[]
  /** Whether the stream of Docker's events is open. */
  connected(): boolean
}

/** What stands after all events so far: a thing that was mended is no problem any more. */
export function createStanding(follow: (heard: (event: Event) => void) => void): Standing {
  let configuration: string | undefined
  let docker: string | undefined = 'Docker has not answered yet'
  follow((event) => {
    if (event.kind === 'config.refused') configuration = event.message
    if (event.kind === 'config.loaded') configuration = undefined
    if (event.kind === 'docker.lost') docker = `Docker does not answer: ${event.message}`
    if (event.kind === 'docker.connected') docker = undefined
  })
  return {
    problems: () => [configuration, docker].filter((problem) => problem !== undefined),
    connected: () => docker === undefined,
  }
}
