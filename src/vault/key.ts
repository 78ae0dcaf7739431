import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { link, lstat, mkdir, open, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Failure } from '../core/failure.ts'
import type { Settings } from '../core/settings.ts'
import { syncDirectory } from '../host/files.ts'
import { Secret } from '../store/secret.ts'

export interface KeyPlace {
  readonly key: Settings['local']['key']
  readonly keyFile: string
  /** `$CREDENTIALS_DIRECTORY`, where systemd gives one. */
  readonly credentialsDirectory?: string
}

const CREDENTIAL = 'dso.local.key'
/** 256 bits in hexadecimal; a credential of one's own must not be shorter than 256 bits in base64. */
const [MADE_LENGTH, SHORTEST, LONGEST] = [64, 43, 1024]

/** How the vault is opened, in words for status. Looks at no key but whether a credential is there. */
export async function identityOf(place: KeyPlace): Promise<string> {
  if (place.key === 'passphrase') return 'passphrase'
  const chosen = await choose(place)
  return chosen.credential ? 'key: systemd credential' : `key: ${chosen.path}`
}

/**
 * The machine key. Makes the key file (0400, whole or not at all) if it is absent and `vaultExists` is false, never
 * otherwise. Throws Failure LOCAL_LOCKED for a key that is missing, too short, or that others may read.
 */
export async function machineKey(place: KeyPlace, vaultExists: boolean): Promise<Secret> {
  const { path, credential } = await choose(place)
  const found = await readKey(path, credential)
  if (found !== undefined) return found
  if (credential)
    throw refused(
      `there is no systemd credential ${CREDENTIAL}`,
      `give it by LoadCredentialEncrypted=${CREDENTIAL}, or set local.key: auto`,
    )
  if (vaultExists)
    throw refused(
      `the vault is there, its key ${path} is not`,
      `put the key back from your backup; without it the vault cannot be opened`,
    )
  await makeKey(path)
  return (await readKey(path, false))!
}

async function choose({
  key,
  keyFile,
  credentialsDirectory,
}: KeyPlace): Promise<{ path: string; credential: boolean }> {
  if (key.startsWith('file:')) return { path: key.slice('file:'.length), credential: false }
  const path = credentialsDirectory === undefined ? undefined : join(credentialsDirectory, CREDENTIAL)
  const there = path !== undefined && (await lstat(path).catch(() => undefined)) !== undefined
  if (key === 'credential' || there) return { path: path ?? CREDENTIAL, credential: true }
  return { path: keyFile, credential: false }
}

/** systemd guards its credentials itself; a file must be root's (the agent's own user's) alone. */
async function readKey(path: string, credential: boolean): Promise<Secret | undefined> {
  const file = await open(path, constants.O_RDONLY | (credential ? 0 : constants.O_NOFOLLOW)).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw refused(`the key ${path} cannot be read (${error.code})`, 'make it a plain file of root with mode 0400')
    },
  )
  if (file === undefined) return undefined
  try {
    const stat = await file.stat()
    if (!stat.isFile()) throw refused(`the key ${path} is not a file`, 'make it a plain file of root with mode 0400')
    if (!credential && stat.uid !== process.geteuid?.())
      throw refused(`the key ${path} is not root's`, `chown root ${path}; if others knew it, make a new vault`)
    if (!credential && (stat.mode & 0o077) !== 0)
      throw refused(`others may read the key ${path}`, `chmod 0400 ${path}; if others knew it, make a new vault`)
    return trimmed(await file.readFile(), path)
  } finally {
    await file.close()
  }
}

/** The key without the newline at its end, so that it can be typed into the age tool. */
function trimmed(bytes: Buffer, path: string): Secret {
  let end = bytes.length
  while (end > 0 && (bytes[end - 1] === 0x0a || bytes[end - 1] === 0x0d)) end -= 1
  const key = new Secret(bytes.subarray(0, end))
  const plain = bytes.subarray(0, end).every((byte) => byte > 0x20 && byte < 0x7f)
  bytes.fill(0)
  if (end < SHORTEST || end > LONGEST || !plain)
    throw refused(
      `the key ${path} is not one line of at least 256 random bits`,
      'make one by: head -c 32 /dev/urandom | base64',
    )
  return key
}

async function makeKey(path: string): Promise<void> {
  const beside = `${path}.${process.pid}`
  await mkdir(dirname(path), { recursive: true, mode: 0o755 })
  await rm(beside, { force: true })
  const file = await open(beside, 'wx', 0o400)
  const text = hexadecimal(randomBytes(MADE_LENGTH / 2))
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    text.fill(0)
    await file.close()
  }
  await link(beside, path)
  await rm(beside)
  await syncDirectory(dirname(path))
}

function hexadecimal(bytes: Buffer): Buffer {
  const digits = Buffer.from('0123456789abcdef')
  const text = Buffer.alloc(bytes.length * 2 + 1, 0x0a)
  for (const [index, byte] of bytes.entries()) text.set([digits[byte >> 4]!, digits[byte & 15]!], index * 2)
  bytes.fill(0)
  return text
}

const refused = (what: string, remedy: string): Failure => new Failure('LOCAL_LOCKED', what, remedy)
