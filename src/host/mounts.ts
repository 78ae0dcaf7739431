import { execFile } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { readMounts } from './mountinfo.ts'

const run = promisify(execFile)

/** A line of fstab(5): what is mounted where. */
export interface Wish {
  readonly source: string
  readonly target: string
  /** `tmpfs`, `ramfs`; `none` with the option `bind`. */
  readonly type: string
  readonly options: string
}

/** mount(8) or umount(8) did not do all that it was asked. The message is their own first line. */
export class MountError extends Error {
  override readonly name = 'MountError'
}

let lists = 0

/**
 * Mounts all wishes in order by one run of mount(8), which takes them from a list written to the directory `scratch`:
 * some 10 ms for any number, against 5 ms for each run. Throws MountError when one fails; the others are then mounted.
 */
export async function mountAll(wishes: readonly Wish[], scratch: string): Promise<void> {
  lists += 1
  const list = join(scratch, `.mounts-${process.pid}-${lists}`)
  const lines = wishes.map(({ source, target, type, options }) =>
    [encoded(source), encoded(target), type, options, '0 0'].join(' '),
  )
  writeFileSync(list, `${lines.join('\n')}\n`, { mode: 0o600, flag: 'wx' })
  try {
    await command('mount', ['--no-mtab', '--all', '--fstab', list])
  } finally {
    rmSync(list, { force: true })
  }
}

/** Most mount points given to one run of umount(8). */
const atOnce = 200

/** Unmounts in the order given, as far as nothing is busy: who must know looks at mountinfo. Never lazy. */
export async function unmountAll(targets: readonly string[]): Promise<void> {
  for (let start = 0; start < targets.length; start += atOnce) {
    await command('umount', ['--no-mtab', '--', ...targets.slice(start, start + atOnce)]).catch((error: unknown) => {
      if (!(error instanceof MountError)) throw error
    })
  }
}

/** Unmounts everything at and below a directory, the last mounted first. */
export async function unmountBelow(directory: string): Promise<void> {
  const points = readMounts('self').map(({ mountPoint }) => mountPoint)
  await unmountAll(points.filter((point) => point === directory || point.startsWith(`${directory}/`)).reverse())
}

async function command(program: string, words: readonly string[]): Promise<void> {
  try {
    await run(program, words, { env: { PATH: systemPath, LC_ALL: 'C' }, timeout: 60_000 })
  } catch (error) {
    const { stderr, code } = error as { stderr?: string; code?: number | string }
    const line = stderr?.split('\n').find((text) => text !== '')
    throw new MountError(line ?? `${program} ended with ${code}`)
  }
}

const systemPath = '/usr/sbin:/usr/bin:/sbin:/bin'

const encoded = (path: string): string =>
  path.replace(/[ \t\n\\#]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`)
