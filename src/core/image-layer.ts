/** What an image carries counts for nothing (docs/requirements.md 1): dockerd merges an image's labels into the container's. */

type Labels = Readonly<Record<string, string>>

const COMPOSE = 'com.docker.compose.'
const HASH = `${COMPOSE}config-hash`

/**
 * The labels that whoever created the container gave it, and the names of those left out: each `dso.` label that the
 * image has with the same value, and all of Compose's unless the container has a config-hash that is not the image's
 * (images that Compose built carry project and service).
 */
export function withoutImageLabels(labels: Labels, imageLabels: Labels): { labels: Labels; ignored: string[] } {
  const hash = own(labels, HASH)
  const byCompose = hash !== undefined && hash !== own(imageLabels, HASH)
  const counts = ([name, value]: [string, string]): boolean => {
    if (name.startsWith('dso.')) return own(imageLabels, name) !== value
    return byCompose || !name.startsWith(COMPOSE)
  }
  const entries = Object.entries(labels)
  return {
    labels: Object.fromEntries(entries.filter(counts)),
    ignored: entries
      .filter((entry) => !counts(entry))
      .map(([name]) => name)
      .sort(),
  }
}

/** Label names are anybody's text: one called `constructor` is not there only because every object has it. */
const own = (labels: Labels, name: string): string | undefined =>
  Object.hasOwn(labels, name) ? labels[name] : undefined
