import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { lstat, mkdir, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { Failure } from '../core/failure.ts'

/** Where DSO is put on a host. Tests hand in places of their own. */
export interface Places {
  readonly plugin: string
  readonly units: string
  /** Whether systemd runs here. */
  readonly systemd: boolean
  /** Runs a program to its end; throws when it fails. */
  readonly run: (program: string, ...words: readonly string[]) => Promise<void>
}

/** One thing to do, idempotent, with the words that say it. */
export interface Step {
  readonly text: string
  readonly act: () => Promise<void>
}

/** Does the steps in order, or only says them. */
export async function perform(
  steps: readonly Step[],
  o: { dryRun: boolean; say: (line: string) => void },
): Promise<void> {
  for (const { text, act } of steps) {
    if (!o.dryRun) await act()
    o.say(o.dryRun ? `would ${text}` : text)
  }
}

/** Runs a program of the host. Throws Failure with what it was and how it ended. */
export async function runProgram(program: string, ...words: readonly string[]): Promise<void> {
  try {
    await promisify(execFile)(program, words)
  } catch (error) {
    const code = (error as { code?: unknown }).code
    const what = `${[program, ...words].join(' ')} failed (${String(code)})`
    throw new Failure('BAD_CONFIG', what, 'run it by hand to see why', 'install')
  }
}

/** The step that puts `text` into a file; undefined when it is there already. */
export async function writing(file: string, text: string): Promise<Step | undefined> {
  const before = await readFile(file, 'utf8').catch(() => undefined)
  if (before === text) return undefined
  return {
    text: `write ${file}`,
    act: async () => {
      await mkdir(dirname(file), { recursive: true, mode: 0o755 })
      await writeFile(file, text, { mode: 0o644 })
    },
  }
}

/** The step that makes a link; undefined when it is there already. Throws BAD_CONFIG where something else is in its place. */
export async function linking(link: string, target: string): Promise<Step | undefined> {
  const there = await lstat(link).catch(() => undefined)
  if (there !== undefined && !there.isSymbolicLink()) {
    throw new Failure('BAD_CONFIG', `${link} is there and is no link`, `remove it: rm ${link}`, 'install')
  }
  if (there !== undefined && (await readlink(link)) === target) return undefined
  return {
    text: `link ${link} to ${target}`,
    act: async () => {
      await mkdir(dirname(link), { recursive: true, mode: 0o755 })
      await rm(link, { force: true })
      await symlink(target, link)
    },
  }
}

/** The step that removes a file, link or folder; undefined when there is none. */
export async function removing(path: string): Promise<Step | undefined> {
  const there = await lstat(path).catch(() => undefined)
  if (there === undefined) return undefined
  return { text: `remove ${path}`, act: () => remove(path) }
}

/** A folder that is a mount of its own cannot go (EBUSY): it is emptied. */
async function remove(path: string): Promise<void> {
  const all = { recursive: true, force: true }
  try {
    await rm(path, all)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EBUSY') throw error
    for (const name of await readdir(path)) await rm(join(path, name), all)
  }
}

/** Only root can do this. Throws BAD_CONFIG. */
export function needsRoot(command: string, dryRun: boolean): void {
  if (dryRun || process.geteuid?.() === 0) return
  throw new Failure('BAD_CONFIG', 'this needs root', `sudo docker-dso ${command}, or look first: --dry-run`, command)
}

export const defined = <T>(items: readonly (T | undefined)[]): readonly T[] =>
  items.filter((item) => item !== undefined)

/** Whether an agent answers at its status socket in the folder `run`. */
export async function agentAnswers(run: string): Promise<boolean> {
  const connection = connect({ path: join(run, 'status.sock') })
  try {
    await once(connection, 'connect')
    return true
  } catch {
    return false
  } finally {
    connection.destroy()
  }
}
