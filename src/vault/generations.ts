import { createHash } from 'node:crypto'
import { link, lstat, mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { checkpoint } from '../host/checkpoint.ts'
import { syncDirectory, writeDurable } from '../host/files.ts'

/**
 * The vault's file on disk, replaced so that a kill or power cut at any byte leaves a whole one:
 *
 *   1. the new file is written whole beside the old one (PATH.new) and synced, its name too
 *   2. the journal, which names one file by its SHA-256, is replaced by one that names the new file: the turning point
 *   3. the old file also gets the name PATH.previous
 *   4. PATH.new is renamed to PATH
 *
 * At the next start the file that the journal names is the vault, under whichever of the three names it stands, and
 * steps 3 and 4 are done again.
 */
export interface Journal {
  readonly format: 1
  readonly generation: number
  readonly sha256: string
  readonly bytes: number
  /** False: values were purged, so no older file may stay. */
  readonly previous: boolean
}

export interface Found {
  readonly path: string
  readonly bytes: Buffer
  readonly sha256: string
}

export interface Look {
  readonly journal: Journal | undefined
  /** Whole or not, the vault's own name first. */
  readonly files: readonly Found[]
  /** The file that the journal names. */
  readonly named: Found | undefined
}

export interface Generations {
  look(): Promise<Look>
  /** Whether there ever was a vault: only then is a missing key no first start. */
  exists(): Promise<boolean>
  /** Throws, and then the old file is still the vault; otherwise the new one is. False: steps 3 and 4 are still to be done. */
  commit(file: AsyncIterable<Uint8Array>, generation: number, o: { keepPrevious: boolean }): Promise<boolean>
  /** Steps 3 and 4 for what the journal names. */
  settle(): Promise<void>
}

export function createGenerations(path: string, journalPath: string): Generations {
  const [fresh, previous, spare] = [`${path}.new`, `${path}.previous`, `${path}.previous.new`]
  let settled = true

  const look = async (): Promise<Look> => {
    const journal = await readJournal(journalPath)
    const files: Found[] = []
    for (const name of [path, fresh, previous]) {
      const bytes = await readFile(name).catch(absent)
      if (bytes !== undefined)
        files.push({ path: name, bytes, sha256: createHash('sha256').update(bytes).digest('hex') })
    }
    return { journal, files, named: files.find((file) => file.sha256 === journal?.sha256) }
  }

  const settle = async (): Promise<void> => {
    const { journal, named } = await look()
    if (journal === undefined || named === undefined) throw new Error('no file is the one that the journal names')
    if (named.path !== path) await putInPlace(named.path)
    if (named.path === path) await rm(fresh, { force: true })
    if (!journal.previous) await rm(previous, { force: true })
    await syncDirectory(dirname(path))
    checkpoint('vault.8')
    settled = true
  }

  const putInPlace = async (from: string): Promise<void> => {
    await rm(spare, { force: true })
    if (from !== previous && (await lstat(path).catch(absent)) !== undefined) {
      await link(path, spare).then(
        () => rename(spare, previous),
        () => rename(path, previous),
      )
      checkpoint('vault.6')
    }
    await rename(from, path)
    checkpoint('vault.7')
  }

  const commit = async (
    file: AsyncIterable<Uint8Array>,
    generation: number,
    o: { keepPrevious: boolean },
  ): Promise<boolean> => {
    if (!settled) await settle()
    let written: { sha256: string; bytes: number } | undefined
    try {
      written = await writeFresh(fresh, file)
      const journal: Journal = { format: 1, generation, ...written, previous: o.keepPrevious }
      checkpoint('vault.4')
      await writeDurable(journalPath, `${JSON.stringify(journal)}\n`)
      checkpoint('vault.5')
    } catch (error) {
      const turned = (await readJournal(journalPath).catch(absent))?.sha256
      if (written === undefined || turned !== written.sha256) {
        await rm(fresh, { force: true }).catch(() => {})
        throw error
      }
    }
    settled = await (o.keepPrevious ? putInPlace(fresh) : settle()).then(
      () => true,
      () => false,
    )
    return settled
  }

  const exists = async (): Promise<boolean> => {
    const names = await Promise.all([path, previous, journalPath].map((name) => lstat(name).catch(absent)))
    return names.some((stat) => stat !== undefined)
  }

  return { look, exists, commit, settle }
}

async function writeFresh(path: string, chunks: AsyncIterable<Uint8Array>): Promise<{ sha256: string; bytes: number }> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const hash = createHash('sha256')
  let bytes = 0
  const file = await open(path, 'w', 0o600)
  try {
    checkpoint('vault.1')
    for await (const piece of gathered(chunks)) {
      hash.update(piece)
      bytes += piece.length
      await file.writeFile(piece)
      checkpoint('vault.2')
    }
    checkpoint('vault.3')
    await file.sync()
  } finally {
    await file.close()
  }
  await syncDirectory(dirname(path))
  return { sha256: hash.digest('hex'), bytes }
}

/** Chunks by the quarter megabyte, so that a file takes few calls and none of them long. */
async function* gathered(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let piece: Uint8Array[] = []
  for await (const chunk of chunks) {
    piece.push(chunk)
    if (piece.length < 4) continue
    yield Buffer.concat(piece)
    piece = []
  }
  yield Buffer.concat(piece)
}

async function readJournal(path: string): Promise<Journal | undefined> {
  const text = await readFile(path, 'utf8').catch(absent)
  try {
    const journal = JSON.parse(text ?? '') as Journal
    return journal.format === 1 && Number.isSafeInteger(journal.generation) && typeof journal.sha256 === 'string'
      ? journal
      : undefined
  } catch {
    return undefined
  }
}

const absent = (error: NodeJS.ErrnoException): undefined => {
  if (error.code === 'ENOENT') return undefined
  throw error
}
