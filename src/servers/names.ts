import { workloadOf } from '../core/asking.ts'
import type { Reference, World } from '../core/model.ts'
import { printReference } from '../core/reference.ts'
import type { Names, ServedVault } from './parts.ts'
import type { Known } from './workloads.ts'

/** What names there are now; without Docker, those of the catalogue and the vault alone. */
export function createNames(parts: {
  readonly world: () => Promise<World>
  readonly known: () => Known
  readonly vault: Pick<ServedVault, 'state' | 'list'>
}): () => Promise<Names> {
  return async () => {
    const { containers } = await parts.world().catch((): Pick<World, 'containers'> => ({ containers: [] }))
    const { volumes, imageLabels } = parts.known()
    const owners = new Map(containers.map((one) => [one.name, workloadOf(one, imageLabels(one.imageId) ?? {})]))
    return {
      workloads: [...new Set(owners.values())].sort(),
      volumes: volumes.map(({ name }) => name),
      containers: owners,
      references: referencesIn(parts.vault),
    }
  }
}

/** Every secret and every field of the local vault; none while it is locked. */
function referencesIn(vault: Pick<ServedVault, 'state' | 'list'>): readonly string[] {
  if (vault.state().state !== 'ok') return []
  return vault.list('').flatMap(({ path, fields = [] }) => {
    const whole: Reference = { source: 'local', path, query: [], field: [] }
    return [printReference(whole), ...fields.map((name) => printReference({ ...whole, field: [name] }))]
  })
}
