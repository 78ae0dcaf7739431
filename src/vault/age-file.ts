import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto'
import { Decrypter, Encrypter, type Identity, type Recipient, Stanza } from 'age-encryption'
import type { Secret } from '../store/secret.ts'

/**
 * Bytes to one age file under one passphrase and back (age-encryption.org/v1, one scrypt stanza, which the `age` tool
 * opens). scrypt runs in libuv's threads and takes the passphrase as bytes; the payload is made in pieces, so that whoever
 * writes them one by one lets other work run between them.
 */
export interface AgeKey {
  readonly passphrase: Secret
  /** Base-2 logarithm of scrypt's N. */
  readonly workFactor: number
}

/** Highest work factor that is tried; a forged file cannot ask for more. */
const HIGHEST_WORK_FACTOR = 18
const SLICE = 64 * 1024
const LABEL = Buffer.from('age-encryption.org/v1/scrypt')
const [TAG, FILE_KEY, SALT] = [16, 16, 16]

/** The file in pieces, as it is made. The plaintext must stay as it is until the last one. */
export async function encrypt(plaintext: Uint8Array, key: AgeKey): Promise<AsyncIterable<Uint8Array>> {
  const encrypter = new Encrypter()
  encrypter.addRecipient(recipientOf(key))
  return await encrypter.encrypt(ReadableStream.from(slices(plaintext)))
}

/** Nothing of a file that is not whole and true is ever answered. */
export async function decrypt(file: Uint8Array, key: AgeKey): Promise<Uint8Array | 'wrong key' | 'damaged'> {
  const decrypter = new Decrypter()
  let refused = false
  decrypter.addIdentity(identityOf(key, () => (refused = true)))
  try {
    return await decrypter.decrypt(file)
  } catch {
    return refused ? 'wrong key' : 'damaged'
  }
}

function* slices(bytes: Uint8Array): Generator<Uint8Array> {
  yield bytes.subarray(0, SLICE)
  for (let at = SLICE; at < bytes.length; at += SLICE) yield bytes.subarray(at, at + SLICE)
}

function recipientOf(key: AgeKey): Recipient {
  return {
    wrapFileKey: async (fileKey) => {
      const salt = randomBytes(SALT)
      const cipher = createCipheriv(
        'chacha20-poly1305',
        await wrapKey(key.passphrase, salt, key.workFactor),
        new Uint8Array(12),
        { authTagLength: TAG },
      )
      const body = Buffer.concat([cipher.update(fileKey), cipher.final(), cipher.getAuthTag()])
      return [new Stanza(['scrypt', salt.toString('base64').replaceAll('=', ''), String(key.workFactor)], body)]
    },
  }
}

/** Takes a file of exactly one scrypt stanza: whoever could add another recipient could forge a file. */
function identityOf({ passphrase }: AgeKey, wrong: () => void): Identity {
  return {
    unwrapFileKey: async (stanzas) => {
      const [stanza] = stanzas
      const [kind, salt = '', logN = ''] = stanza?.args ?? []
      if (stanzas.length !== 1 || stanza?.args.length !== 3 || kind !== 'scrypt' || !/^[1-9][0-9]?$/.test(logN))
        return null
      const saltBytes = Buffer.from(salt, 'base64')
      if (Number(logN) > HIGHEST_WORK_FACTOR || saltBytes.length !== SALT || stanza.body.length !== FILE_KEY + TAG)
        return null
      const decipher = createDecipheriv(
        'chacha20-poly1305',
        await wrapKey(passphrase, saltBytes, Number(logN)),
        new Uint8Array(12),
        { authTagLength: TAG },
      )
      decipher.setAuthTag(stanza.body.subarray(FILE_KEY))
      try {
        return Buffer.concat([decipher.update(stanza.body.subarray(0, FILE_KEY)), decipher.final()])
      } catch {
        wrong()
        return null
      }
    },
  }
}

function wrapKey(passphrase: Secret, salt: Uint8Array, logN: number): Promise<Buffer> {
  const [N, r] = [2 ** logN, 8]
  return new Promise((resolve, reject) => {
    passphrase.reveal((bytes) =>
      scrypt(bytes, Buffer.concat([LABEL, salt]), 32, { N, r, p: 1, maxmem: 2 * 128 * N * r }, (error, derived) =>
        error ? reject(error) : resolve(derived),
      ),
    )
  })
}
