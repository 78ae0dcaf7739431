import { chmodSync } from 'node:fs'
import { groupId } from '../host/groups.ts'
import { ownFolder } from '../host/own-folder.ts'
import { paths } from '../host/paths.ts'
import { type Limits, listenUnix, usualLimits } from '../host/unix.ts'
import type { Handler } from './control.ts'
import type { Level } from './routes.ts'

const limits: Limits = { ...usualLimits, maxConnections: 64, keepAliveTimeoutMs: 5000 }

const sockets = [
  { level: 'status', path: paths.statusSocket, group: 'dso' },
  { level: 'control', path: paths.controlSocket, group: 'dso-admin' },
  { level: 'root', path: paths.rootSocket, group: undefined },
] as const

/**
 * Serves the three sockets of /run/dso, one for each level of trust (docs/requirements.md 10). A group that does not exist leaves
 * its socket to root. Throws SocketTaken when another agent runs.
 */
export async function listenControl(handlers: Readonly<Record<Level, Handler>>): Promise<{ close(): Promise<void> }> {
  ownFolder(paths.run, 0o711)
  chmodSync(paths.run, 0o711)
  const open: { close(): Promise<void> }[] = []
  try {
    for (const { level, path, group } of sockets) {
      const gid = group === undefined ? undefined : groupId(group)
      const place = gid === undefined ? { path, mode: 0o600 } : { path, mode: 0o660, gid }
      open.push(await listenUnix(place, (request, response) => void handlers[level](request, response), limits))
    }
  } catch (error) {
    for (const socket of open) await socket.close()
    throw error
  }
  return { close: async () => void (await Promise.all(open.map((socket) => socket.close()))) }
}
