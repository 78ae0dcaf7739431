import { closeSync, constants, fstatSync, openSync, readdirSync, readSync } from 'node:fs'
import { join } from 'node:path'
import type { RenderedFile } from '../store/secret.ts'

/** Whether a directory holds exactly these files: names, bytes, modes, owners. What cannot be read is not equal. */
export function holdsExactly(directory: string, files: readonly RenderedFile[]): boolean {
  try {
    const names = readdirSync(directory)
    return names.length === files.length && files.every((file) => isEqual(join(directory, file.file), file))
  } catch {
    return false
  }
}

function isEqual(path: string, { bytes, mode, uid, gid }: RenderedFile): boolean {
  const handle = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const found = fstatSync(handle)
    if (!found.isFile() || found.size !== bytes.length) return false
    if ((found.mode & 0o7777) !== mode || found.uid !== uid || found.gid !== gid) return false
    return bytes.reveal((wanted) => sameBytes(handle, wanted))
  } finally {
    closeSync(handle)
  }
}

/** Reads into memory of its own, overwritten afterwards. */
function sameBytes(handle: number, wanted: Uint8Array): boolean {
  const read = new Uint8Array(wanted.byteLength)
  try {
    for (let done = 0; done < read.byteLength; ) {
      const count = readSync(handle, read, done, read.byteLength - done, null)
      if (count === 0) return false
      done += count
    }
    return Buffer.compare(read, wanted) === 0
  } finally {
    read.fill(0)
  }
}
