import { demux } from './demux.ts'
import { connectionError, EngineError, isEngineError } from './engine-error.ts'
import type { Engine, EngineInfo } from './engine-types.ts'
import { eventsPath, parseEvents } from './events.ts'
import { imagePath, refuseOther } from './image-of.ts'
import { array, object, parseContainer, parseImage, parseInspected, parseJson, parseVolume, text } from './parse.ts'
import { createWire, type Wire } from './wire.ts'

export { EngineError, isEngineError } from './engine-error.ts'
export type * from './engine-types.ts'

/** A call that changes something and is given no signal ends after this. */
const effectDeadlineMs = 120_000

/** The engine behind a Unix socket. Nothing is asked until the first call; each call finds an engine that came back. */
export function createEngine({ socket }: { readonly socket: string }): Engine {
  const wire = createWire(socket)
  const json = async (path: string, signal: AbortSignal) => parseJson(await wire.call('GET', path, signal))
  const rows = async (path: string, signal: AbortSignal) => array(await json(path, signal)).map(object)
  const container = (nameOrId: string) => `/containers/${encodeURIComponent(nameOrId)}`
  return {
    json,
    stream: async (path, signal) => bodyOf(wire, path, signal),
    ping: async (signal) => void (await wire.call('GET', '/_ping', signal)),
    version: async (signal) => {
      const answer = object(await json('/version', signal))
      return { version: text(answer['Version']), apiVersion: text(answer['ApiVersion']) }
    },
    info: async (signal) => parseInfo(object(await json('/info', signal))),
    containers: async ({ volume }, signal) => {
      const filters = encodeURIComponent(JSON.stringify(volume === undefined ? {} : { volume: [volume] }))
      const all = (await rows(`/containers/json?all=1&filters=${filters}`, signal)).map(parseContainer)
      // The filter matches destinations too: a volume may be called like a place.
      return volume === undefined ? all : all.filter(({ mounts }) => mounts.some((mount) => mount.volume === volume))
    },
    inspect: async (nameOrId, signal) => parseInspected(object(await json(`${container(nameOrId)}/json`, signal))),
    image: async (id, signal) => {
      const answer = object(await json(imagePath(id), signal))
      refuseOther(id, answer)
      return parseImage(answer)
    },
    start: (nameOrId, signal = AbortSignal.timeout(effectDeadlineMs)) =>
      changed(wire.call('POST', `${container(nameOrId)}/start`, signal)),
    kill: async (nameOrId, name, signal = AbortSignal.timeout(effectDeadlineMs)) => {
      await wire.call('POST', `${container(nameOrId)}/kill?signal=${encodeURIComponent(name)}`, signal)
    },
    exec: (nameOrId, words, signal) => exec(wire, container(nameOrId), words, signal),
    events: ({ since }, signal) => parseEvents(lateBody(wire, eventsPath(since), signal)),
    volume: async (name, signal) => parseVolume(object(await json(`/volumes/${encodeURIComponent(name)}`, signal))),
    volumes: async (signal) =>
      array(object(await json('/volumes', signal))['Volumes'])
        .map(object)
        .map(parseVolume),
  }
}

/** A container that runs already was started: no failure. */
async function changed(call: Promise<unknown>): Promise<void> {
  try {
    await call
  } catch (error) {
    if (!isEngineError(error, 'unchanged')) throw error
  }
}

const parseInfo = (info: Readonly<Record<string, unknown>>): EngineInfo => ({
  rootDir: text(info['DockerRootDir']),
  name: text(info['Name']),
  version: text(info['ServerVersion']),
  driver: text(info['Driver']),
  liveRestore: info['LiveRestoreEnabled'] === true,
  securityOptions: array(info['SecurityOptions']).map(text),
})

async function bodyOf(wire: Wire, path: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
  const answer = await wire.open('GET', path, signal)
  return (async function* () {
    try {
      yield* answer as AsyncIterable<Uint8Array>
    } catch (error) {
      throw connectionError(error, signal)
    } finally {
      answer.destroy()
    }
  })()
}

/** The same, asked for when it is first read. */
async function* lateBody(wire: Wire, path: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  yield* await bodyOf(wire, path, signal)
}

/** Past this many bytes the rest of what a program prints is no longer counted. */
const countedBytes = 1024 * 1024

async function exec(wire: Wire, container: string, words: readonly string[], signal: AbortSignal) {
  const wish = { AttachStdout: true, AttachStderr: true, Cmd: words }
  const id = text(object(parseJson(await wire.call('POST', `${container}/exec`, signal, wish)))['Id'])
  const output = await wire.open('POST', `/exec/${id}/start`, signal, { Detach: false, Tty: false })
  let bytes = 0
  try {
    for await (const frame of demux(output)) bytes = Math.min(countedBytes, bytes + frame.bytes.length)
  } catch (error) {
    throw connectionError(error, signal)
  } finally {
    output.destroy()
  }
  const { ExitCode: exitCode } = object(parseJson(await wire.call('GET', `/exec/${id}/json`, signal)))
  if (typeof exitCode !== 'number') throw new EngineError('malformed', 'Docker does not say how a program ended')
  return { exitCode, bytes }
}
