import { readFileSync } from 'node:fs'

/** One mount of a mount namespace, as `/proc/PID/mountinfo` shows it (proc_pid_mountinfo(5)). */
export interface MountLine {
  /** `major:minor` of the file system. */
  readonly device: string
  /** The directory of the file system that is mounted: `/` for all of it. */
  readonly root: string
  readonly mountPoint: string
  /** Options of this mount: `ro`, `nosuid`. */
  readonly options: readonly string[]
  /** `tmpfs`, `ramfs`, `ext4`. */
  readonly type: string
  /** Options of the file system, shared by all its mounts. */
  readonly superOptions: readonly string[]
}

/** The mounts that a process sees. `pid` may be `self`. With `devices`, only mounts of these. Throws the error of reading. */
export function readMounts(pid: number | 'self', devices?: { has(device: string): boolean }): MountLine[] {
  return parseMounts(readFileSync(`/proc/${pid}/mountinfo`, 'utf8'), devices)
}

/** Lines of other devices are skipped before they are taken apart: a host has thousands. */
export function parseMounts(text: string, devices?: { has(device: string): boolean }): MountLine[] {
  const mounts: MountLine[] = []
  for (const line of text.split('\n')) {
    if (line === '' || (devices && !devices.has(deviceOf(line)))) continue
    const [left = '', right = ''] = line.split(' - ', 2)
    const [, , device = '', root = '', mountPoint = '', options = ''] = left.split(' ')
    const [type = '', , superOptions = ''] = right.split(' ')
    mounts.push({
      device,
      root: decoded(root),
      mountPoint: decoded(mountPoint),
      options: options.split(','),
      type,
      superOptions: superOptions.split(','),
    })
  }
  return mounts
}

function deviceOf(line: string): string {
  const start = line.indexOf(' ', line.indexOf(' ') + 1) + 1
  return line.slice(start, line.indexOf(' ', start))
}

/** The kernel writes blank, tab, newline and backslash as three octal digits. */
const decoded = (path: string): string =>
  path.includes('\\')
    ? path.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
    : path

/** `st_dev` as mountinfo spells it (the kernel's new_encode_dev). */
export function deviceName(dev: number): string {
  const low = dev % 0x100
  const major = Math.floor(dev / 0x100) % 0x1000
  const high = Math.floor(dev / 0x100000)
  return `${major}:${high * 0x100 + low}`
}
