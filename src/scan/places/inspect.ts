import type { Place } from './place.ts'

/** Everything that the Docker API tells of containers, images, volumes and networks. */
export const inspect: Place = {
  what: 'docker inspect',
  search: async (looking, { answers }) => {
    for (const [done, { where, bytes }] of answers.entries()) {
      looking.progress(done, answers.length)
      looking.bytes(where, bytes)
    }
  },
}
