import { lstatSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../core/failure.ts'
import { paths } from '../host/paths.ts'

/** The three levels of trust, the least first (docs/delivery.md). */
export type Level = 'status' | 'control' | 'root'

const names = { status: paths.statusSocket, control: paths.controlSocket, root: paths.rootSocket }
const groups = { status: 'be root or in the group dso', control: 'be root or in the group dso-admin', root: 'be root' }

const start = 'start it: systemctl start dso, or as root: docker dso agent'

/**
 * The socket of a level: DSO_SOCKET is a directory that holds the three, or one socket for everything. Throws
 * AGENT_DOWN when there is none, and when it is not root's: nothing is sent to a socket that somebody else made.
 */
export function socketFor(level: Level, env: Readonly<Record<string, string | undefined>>): string {
  const asked = env['DSO_SOCKET']
  let path: string = names[level]
  if (asked !== undefined && asked !== '') {
    path = stat(asked, level)?.isDirectory() === true ? join(asked, `${level}.sock`) : asked
  }
  const found = stat(path, level)
  if (found === undefined) throw new Failure('AGENT_DOWN', `the agent does not run (no socket ${path})`, start)
  if (!found.isSocket()) throw new Failure('AGENT_DOWN', `${path} is no socket`, start)
  if (found.uid === 0) return path
  throw new Failure(
    'AGENT_DOWN',
    `${path} belongs to uid ${found.uid}, not to root: nothing was sent`,
    'see docker dso doctor',
  )
}

function stat(path: string, level: Level): Stats | undefined {
  try {
    return lstatSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EACCES') throw forbidden(path, level)
    return undefined
  }
}

const forbidden = (path: string, level: Level): Failure =>
  new Failure('AGENT_DOWN', `you may not open ${path}`, `${groups[level]} (sudo)`)

/** What went wrong while talking to the agent, as the failure that users read. */
export function unreachable(error: unknown, path: string, level: Level): Failure {
  const code = (error as NodeJS.ErrnoException).code
  if (code === 'EACCES' || code === 'EPERM') return forbidden(path, level)
  if (code === 'ECONNREFUSED' || code === 'ENOENT') {
    return new Failure('AGENT_DOWN', `the agent does not run (nobody answers at ${path})`, start)
  }
  const what =
    error instanceof Error && code === undefined ? error.message : `the connection broke (${code ?? 'unknown'})`
  return new Failure('AGENT_DOWN', what, 'see the log of the agent: journalctl -u dso')
}
