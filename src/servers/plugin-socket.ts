import { env, pid } from 'node:process'
import { paths } from '../host/paths.ts'
import { type Listening, listenUnix, type Place } from '../host/unix.ts'
import { createPluginHandler, pluginLimits } from './plugin-http.ts'
import type { Reply } from './volume-driver.ts'

/** Serves dockerd's plugin calls. Throws SocketTaken when another agent runs. */
export const listenPlugin = (answer: (path: string, body: string) => Promise<Reply>): Promise<Listening> =>
  listenUnix(place(), createPluginHandler(answer), pluginLimits)

/** The socket that systemd hands over (sd_listen_fds(3)), so that it exists before the agent does; else our own. */
function place(): Place {
  const handed = env['LISTEN_PID'] === String(pid) && Number(env['LISTEN_FDS']) >= 1
  return handed ? { fd: 3 } : { path: paths.pluginSocket, mode: 0o600 }
}
