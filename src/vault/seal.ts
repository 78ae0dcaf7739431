import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'
import { Secret } from '../store/secret.ts'

/** AES-256-GCM over one record, bound to its path, version and kind: a record moved elsewhere does not open. */
export interface Place {
  readonly path: string
  readonly version: number
  readonly kind: Kind
}

export type Kind = 'value' | 'fields'

const [NONCE, TAG] = [12, 16]

/** Nonce, ciphertext, tag. */
export function seal(key: Secret, place: Place, packed: Secret): Uint8Array {
  const nonce = randomBytes(NONCE)
  const sealed = new Uint8Array(NONCE + packed.length + TAG)
  sealed.set(nonce)
  key.reveal((bytes) => {
    const cipher = createCipheriv('aes-256-gcm', bytes, nonce).setAAD(boundTo(place))
    sealed.set(
      packed.reveal((plain) => cipher.update(plain)),
      NONCE,
    )
    cipher.final()
    sealed.set(cipher.getAuthTag(), NONCE + packed.length)
  })
  return sealed
}

/** Throws when the record was not sealed by this key for this place. */
export function unseal(key: Secret, place: Place, sealed: Uint8Array): Secret {
  return key.reveal((bytes) => {
    const decipher = createDecipheriv('aes-256-gcm', bytes, sealed.subarray(0, NONCE)).setAAD(boundTo(place))
    decipher.setAuthTag(sealed.subarray(sealed.length - TAG))
    const plain = decipher.update(sealed.subarray(NONCE, sealed.length - TAG))
    decipher.final()
    const secret = new Secret(plain)
    plain.fill(0)
    return secret
  })
}

/** Stands for a path that was purged without telling its name. */
export const tagOf = (key: Secret, path: string): string =>
  key.reveal((bytes) => createHmac('sha256', bytes).update('purged\0').update(path).digest('hex').slice(0, 32))

const boundTo = ({ path, version, kind }: Place): Buffer => Buffer.from(`${version} ${kind} ${path}`)
