import type { Place } from './place.ts'

const folders = ['/var/log', '/run/log']

/** The host's logs, dockerd's and DSO's own among them; rotated ones are unpacked. */
export const logs: Place = {
  what: 'logs',
  search: async (looking) => {
    for (const [done, folder] of folders.entries()) {
      looking.progress(done, folders.length)
      await looking.tree('', folder, { unpack: true })
    }
  },
}
