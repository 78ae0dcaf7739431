import { type FSWatcher, statSync, watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { Emit } from '../core/event.ts'
import { isFailure } from '../core/failure.ts'
import type { Settings } from '../core/settings.ts'
import { loadSettings } from './load.ts'

/** An editor writes a file in several steps: they are over after this many milliseconds. */
const calm = 150
/** Also looked at by itself, for a directory that did not exist yet and for events that were lost. */
const rhythm = 2000

/**
 * Reads dso.yaml again whenever it changes, until `signal` aborts, and hands the new settings on. A wrong file changes
 * nothing and is told as `config.refused` with line, column and the nearest name.
 */
export function watchSettings(o: {
  readonly file: string
  readonly emit: Emit
  readonly changed: (settings: Settings) => void
  readonly signal: AbortSignal
}): void {
  let seen = stamp(o.file)
  let watcher: FSWatcher | undefined
  let soon: NodeJS.Timeout | undefined
  const look = () => {
    watcher ??= watchFolder(dirname(o.file), (name) => {
      if (name !== null && name !== basename(o.file)) return
      clearTimeout(soon)
      soon = setTimeout(look, calm)
    })
    const now = stamp(o.file)
    if (now === seen) return
    seen = now
    reload(o)
  }
  const timer = setInterval(look, rhythm)
  timer.unref()
  o.signal.addEventListener('abort', () => {
    clearInterval(timer)
    clearTimeout(soon)
    watcher?.close()
  })
  look()
}

function reload({ file, emit, changed }: { file: string; emit: Emit; changed: (settings: Settings) => void }): void {
  try {
    changed(loadSettings(file))
    emit({ kind: 'config.loaded', file })
  } catch (error) {
    if (!isFailure(error)) throw error
    emit({ kind: 'config.refused', message: `${error.message} (the configuration before it stays in force)` })
  }
}

/** What tells one content of the file from another; undefined while there is none. */
function stamp(file: string): string | undefined {
  const stats = statSync(file, { bigint: true, throwIfNoEntry: false })
  return stats === undefined ? undefined : `${stats.ino} ${stats.size} ${stats.mtimeNs} ${stats.ctimeNs}`
}

function watchFolder(folder: string, heard: (name: string | null) => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, { persistent: false }, (_, name) => heard(name))
    watcher.on('error', () => watcher.close())
    return watcher
  } catch {
    return undefined
  }
}
