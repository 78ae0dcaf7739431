import type { CheckLine } from '../core/api.ts'
import { printable } from '../core/failure.ts'
import { paths } from '../host/paths.ts'
import type { HostFacts } from './facts.ts'

const ok = (name: string, found: string): CheckLine => ({ name, state: 'ok', found })
const warn = (name: string, found: string, remedy: string): CheckLine => ({ name, state: 'warn', found, remedy })
const fail = (name: string, found: string, remedy: string): CheckLine => ({ name, state: 'fail', found, remedy })

/** One line for each assumption about the host that this version rests on. Pure. */
export function judgeHost(facts: HostFacts): CheckLine[] {
  return [
    ...sockets(facts),
    ...groups(facts),
    docker(facts),
    clock(facts),
    containers(facts),
    coreDumps(facts),
    systemd(facts),
    environment(facts),
    program(facts),
  ]
}

/** Who may open each socket at most, and the group that it should belong to. */
const expected = [
  { path: paths.statusSocket, mode: 0o660, group: 'dso', for: 'status' },
  { path: paths.controlSocket, mode: 0o660, group: 'dso-admin', for: 'control' },
  { path: paths.rootSocket, mode: 0o600, group: undefined, for: 'root' },
  { path: paths.pluginSocket, mode: 0o600, group: undefined, for: 'plugin' },
] as const

function sockets(facts: HostFacts): CheckLine[] {
  return expected.map(({ path, mode, group, for: level }) => {
    const name = `socket ${level}`
    const found = facts.sockets[path]
    if (found === 'unknown') return warn(name, `you may not look at ${path}`, 'run docker dso doctor as root')
    if (found === undefined)
      return fail(name, `there is no ${path}`, 'start the agent: systemctl start dso, or as root: docker dso agent')
    const owner = `${path}, uid ${found.uid}, gid ${found.gid}, mode ${octal(found.mode)}`
    if (!found.isSocket || found.uid !== 0)
      return fail(name, `${owner}: not a socket of root`, 'find out who made it, remove it, start the agent again')
    const gid = group === undefined ? 0 : (facts.groups[group] ?? 0)
    const open = found.mode & ~mode
    if (open !== 0 || (found.gid !== 0 && found.gid !== gid && (found.mode & 0o070) !== 0)) {
      return fail(
        name,
        `${owner}: others may open it`,
        `chmod ${octal(mode)} and chgrp ${group ?? 'root'}, or start the agent again`,
      )
    }
    return ok(name, owner)
  })
}

/** A group that does not exist leaves its socket to root. */
function groups(facts: HostFacts): CheckLine[] {
  return [
    ['dso', 'see the status'],
    ['dso-admin', 'sync and pause'],
  ].map(([group = '', use = '']) => {
    const gid = facts.groups[group]
    if (gid === undefined)
      return warn(
        `group ${group}`,
        `does not exist: nobody but root may ${use}`,
        `groupadd --system ${group}, then start the agent again`,
      )
    return ok(`group ${group}`, `gid ${gid}`)
  })
}

function docker({ docker: found, sockets: { [paths.dockerSocket]: socket } }: HostFacts): CheckLine {
  if (socket !== undefined && socket !== 'unknown' && (socket.mode & 0o002) !== 0) {
    return fail(
      'docker',
      `everybody may write to ${paths.dockerSocket}, which is root`,
      `chmod o-rwx ${paths.dockerSocket}`,
    )
  }
  if (found) return ok('docker', `Engine ${printable(found.version)} answers at ${paths.dockerSocket}`)
  return fail(
    'docker',
    `no answer at ${paths.dockerSocket}`,
    'start Docker (systemctl start docker), and run this as root or in the group docker',
  )
}

/** Start of the year in which this version was made: an earlier clock is wrong. */
const made = Date.UTC(2025, 0, 1)

function clock({ docker: found, now }: HostFacts): CheckLine {
  if (now < made) return fail('clock', `it says ${new Date(now).toISOString()}`, 'set it: timedatectl set-ntp true')
  if (!found) return warn('clock', "not compared: Docker's is unknown", 'start Docker and look again')
  const seconds = Math.round(found.clockAhead / 1000)
  if (Math.abs(seconds) < 5) return ok('clock', "agrees with Docker's")
  return warn('clock', `Docker's differs by ${seconds} s`, 'synchronise the clock: timedatectl set-ntp true')
}

function containers({ docker: found }: HostFacts): CheckLine {
  const name = 'containers and the host'
  if (!found) return warn(name, 'unknown, as Docker does not answer', 'start Docker and look again')
  if (found.binds.length === 0) return ok(name, "none binds /, /run, DSO's folders or the Docker socket")
  const told = found.binds.map(
    ({ container, source, reaches }) =>
      `${container} binds ${source} (${reaches === 'docker' ? 'is root' : 'sees every value'})`,
  )
  return warn(
    name,
    printable(told.join(', ')),
    'bind only what they need; a proxy of the Docker socket must deny archive, export, exec, top, logs and attach',
  )
}

function coreDumps({ corePattern }: HostFacts): CheckLine {
  const name = 'core dumps of applications'
  if (!corePattern.startsWith('|')) return ok(name, `written as ${printable(corePattern)}; size limits hold`)
  return warn(
    name,
    `piped to ${printable(corePattern.slice(1).split(' ')[0] ?? '')}: size limits do not hold, values in an application's memory may be kept`,
    "sysctl kernel.core_pattern=core, or Storage=none for systemd-coredump; DSO's own dumps are empty either way",
  )
}

function systemd({ systemd: found }: HostFacts): CheckLine {
  const name = 'start at boot'
  if (!found.running)
    return warn(name, 'systemd does not run here', 'start docker dso agent before dockerd by your own means')
  if (!found.socketUnit || !found.serviceUnit)
    return fail(name, 'dso.socket or dso.service is missing', 'as root: docker dso install')
  if (!found.enabled) return fail(name, 'dso.socket is not enabled', 'systemctl enable --now dso.socket')
  return ok(name, 'dso.socket and dso.service')
}

function environment({ variables }: HostFacts): CheckLine {
  if (variables.length === 0) return ok('environment', 'nothing that makes Node write down what it handles')
  return fail('environment', `${variables.join(', ')} is set`, `unset ${variables.join(' ')}`)
}

function program({ program: path, writable }: HostFacts): CheckLine {
  if (writable.length === 0) return ok('program', `${printable(path)} is root's alone`)
  return fail(
    'program',
    `others than root may write ${printable(writable.join(', '))}`,
    "chown root and chmod go-w them, or install where every folder is root's",
  )
}

const octal = (mode: number): string => mode.toString(8).padStart(4, '0')
