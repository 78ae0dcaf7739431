import { makeGeneration } from '../../../src/core/generation.ts'
import type { Asked, Binding, Generation, ObservedMount, Rotation } from '../../../src/core/model.ts'
import { parseReference } from '../../../src/core/reference.ts'

export const db = 'dso://local/shop/db'
const reference = parseReference(db)

export const binding: Binding = {
  file: 'db',
  value: { kind: 'insert', insert: { reference, filters: [] } },
  mode: 0o444,
  uid: 0,
  gid: 0,
}

export const asked = (rotation: Rotation = { strategy: { kind: 'auto' } }): Asked => ({
  bindings: [binding],
  expansions: [],
  rotation,
})

/** The generation that holds one version of the one secret. */
export const generation = (version: string): Generation =>
  makeGeneration([binding], { [db]: { version, mark: `mark-${version}` } })

export const mount = (slot: string, now: string, proved = now): ObservedMount => ({
  slot,
  mountId: `id-${slot}`,
  volume: 'secrets',
  workload: 'shop/api',
  authorised: [`c-${slot}`],
  holders: [`c-${slot}`],
  generation: generation(now),
  proved: generation(proved),
  answeredAt: 0,
  uses: 1,
  everHeld: true,
})
