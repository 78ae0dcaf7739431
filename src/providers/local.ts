import type { Source } from '../store/source.ts'
import type { Vault } from '../vault/vault.ts'

/** The embedded vault as a source: its versions are numbers that grow by path. */
export function localSource(vault: Vault): Source {
  return {
    read: async (path, pinned) => vault.read(path, pinned),
    children: async (path) => vault.children(path),
    onChange: (changed) => vault.onChange(changed),
  }
}
