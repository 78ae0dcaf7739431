/** JSON of Docker, read field by field. */
type Json = Readonly<Record<string, unknown>>
export const object = (value: unknown): Json => (typeof value === 'object' && value !== null ? (value as Json) : {})
export const array = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
export const text = (value: unknown): string => (typeof value === 'string' ? value : '')

/** A container that reaches what DSO keeps from others, by a folder of the host. */
export interface RiskyBind {
  readonly container: string
  readonly source: string
  /** `everything`: every value and the key; `docker`: the Docker API, which is root. */
  readonly reaches: 'everything' | 'docker'
}

const everything = ['/', '/run', '/var/run', '/var', '/run/dso', '/run/dso/values', '/etc/dso', '/var/lib/dso']
const docker = ['/run/docker.sock', '/var/run/docker.sock', '/run/docker', '/run/docker/plugins']

/** The binds of one row of Docker's container list that doctor names (docs/requirements.md 24). */
export function binds(row: unknown): RiskyBind[] {
  const container = text(array(object(row)['Names'])[0]).replace(/^\//, '')
  return array(object(row)['Mounts'])
    .map(object)
    .filter((mount) => text(mount['Type']) === 'bind')
    .flatMap((mount) => {
      const source = text(mount['Source']).replace(/(.)\/+$/, '$1')
      const reaches = everything.includes(source) ? 'everything' : docker.includes(source) ? 'docker' : undefined
      return reaches ? [{ container, source, reaches } as const] : []
    })
}
