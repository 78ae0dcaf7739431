import type { Container, ObservedMount, World } from '../core/model.ts'
import type { Engine } from './engine-types.ts'

/** The name under which dockerd knows our driver. */
export const driverName = 'dso'

export const usesDso = (container: Container): boolean => container.mounts.some(({ driver }) => driver === driverName)

/**
 * One look at the host. Who holds what is read before the list: every holder found is then in the list, or has ended
 * since. Throws EngineError.
 */
export function observe(engine: Pick<Engine, 'containers'>, look: () => Promise<readonly ObservedMount[]>) {
  return async (signal: AbortSignal): Promise<World> => {
    const mounts = await look()
    const containers = await engine.containers({ all: true }, signal)
    return { containers: containers.filter(usesDso), mounts, unserved: containers.filter(asksInVain) }
  }
}

const asksInVain = (container: Container): boolean =>
  container.state === 'running' &&
  !usesDso(container) &&
  container.labels['dso.ignore'] !== 'true' &&
  Object.keys(container.labels).some((label) => label.startsWith('dso.secret.'))
