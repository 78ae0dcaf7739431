import { paths } from '../../host/paths.ts'
import type { Place } from './place.ts'

/** What DSO itself writes: the vault's file, the catalogue, the journal, its configuration. The key is no value in use. */
export const own: Place = {
  what: "DSO's own files",
  search: async (looking) => {
    const folders = [paths.state, '/etc/dso', paths.log, paths.run]
    const skip = new Set<string>([paths.localKey, paths.values])
    for (const [done, folder] of folders.entries()) {
      looking.progress(done, folders.length)
      await looking.tree('', folder, { skip })
    }
  },
}
