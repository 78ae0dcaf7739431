import { createHmac, type Hmac, randomBytes } from 'node:crypto'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { ReadKey } from '../core/model.ts'
import type { Content } from './content.ts'
import { packContent } from './content-bytes.ts'
import { Secret } from './secret.ts'

/** Tells contents apart and tells nothing about them: all under a key that never leaves the tmpfs (docs/requirements.md 16). */
export interface Marks {
  /** Equal for equal read, version and content: 128 bits, hexadecimal. */
  mark(read: ReadKey, version: string, content: Content): string
  /** A file name that stands for a read. */
  name(read: ReadKey): string
}

const KEY_BYTES = 32

/** Takes the key from the file, or makes it (0600): as long as the tmpfs lives, marks stay the same. */
export function openMarks(path: string): Marks {
  const key = existingKey(path) ?? madeKey(path)
  const hmac = (purpose: string, ...texts: string[]): Hmac => {
    const begun = key.reveal((bytes) => createHmac('sha256', bytes))
    return begun.update(JSON.stringify([purpose, ...texts]))
  }
  return {
    mark: (read, version, content) => {
      const packed = packContent(content)
      const digest = packed.reveal((bytes) => hmac('mark', read, version).update(bytes).digest('hex'))
      packed.wipe()
      return digest.slice(0, 32)
    },
    name: (read) => hmac('name', read).digest('hex').slice(0, 32),
  }
}

function existingKey(path: string): Secret | undefined {
  try {
    const bytes = readFileSync(path)
    return bytes.length === KEY_BYTES ? new Secret(bytes) : undefined
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function madeKey(path: string): Secret {
  const bytes = randomBytes(KEY_BYTES)
  writeFileSync(`${path}.new`, bytes, { mode: 0o600 })
  renameSync(`${path}.new`, path)
  return new Secret(bytes)
}
