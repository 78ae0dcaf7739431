import { printable } from '../core/failure.ts'
import type { Container } from '../core/model.ts'
import { EngineError } from './engine-error.ts'
import type { EngineVolume, Healthcheck, Image, Inspected, InspectedState, Probe } from './engine-types.ts'
import { imageOf } from './image-of.ts'
import { array, type Json, object, text } from './json-fields.ts'

export { array, type Json, object, text } from './json-fields.ts'

const number = (value: unknown): number => (typeof value === 'number' ? value : 0)

/** Only texts stay. */
export function texts(value: unknown): Record<string, string> {
  return Object.fromEntries(
    Object.entries(object(value)).filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
  )
}

/** Docker's time as milliseconds since 1970; its "never" (year 1) is 0. */
export function time(value: unknown): number {
  const ms = Date.parse(text(value))
  return Number.isNaN(ms) || ms < 0 ? 0 : ms
}

export function parseJson(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    throw new EngineError('malformed', 'an answer of Docker is not JSON')
  }
}

const states: readonly string[] = ['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead']

/** An unknown state counts as running: nothing is started or answered for what we do not know. */
const stateOf = (value: unknown): Container['state'] =>
  states.includes(text(value)) ? (text(value) as Container['state']) : 'running'

const bareName = (name: string): string => name.replace(/^\//, '')

/** A row of `GET /containers/json`. Of several names (links) the one without a second slash is its own. */
export function parseContainer(row: Json): Container {
  const names = array(row['Names']).map(text)
  const own = names.find((name) => name.lastIndexOf('/') === 0) ?? names[0] ?? ''
  return {
    id: text(row['Id']),
    name: bareName(own),
    state: stateOf(row['State']),
    labels: texts(row['Labels']),
    imageId: imageOf(row['ImageID'], row['ImageManifestDescriptor']),
    created: number(row['Created']),
    mounts: array(row['Mounts']).map(object).filter(isVolume).map(parseMount),
  }
}

const isVolume = (mount: Json): boolean => text(mount['Name']) !== ''

export const parseMount = (mount: Json): Container['mounts'][number] => ({
  volume: text(mount['Name']),
  driver: text(mount['Driver']),
  destination: text(mount['Destination']),
})

/** `GET /containers/ID/json`. */
export function parseInspected(json: Json): Inspected {
  const config = object(json['Config'])
  const host = object(json['HostConfig'])
  const healthcheck = parseHealthcheck(object(config['Healthcheck']))
  const stopSignal = text(config['StopSignal'])
  return {
    id: text(json['Id']),
    name: bareName(text(json['Name'])),
    image: text(json['Image']),
    state: parseState(object(json['State'])),
    restartCount: number(json['RestartCount']),
    restartPolicy: text(object(host['RestartPolicy'])['Name']) || 'no',
    autoRemove: host['AutoRemove'] === true,
    ...(healthcheck && { healthcheck }),
    networks: parseAddresses(object(object(json['NetworkSettings'])['Networks'])),
    networkMode: text(host['NetworkMode']),
    labels: texts(config['Labels']),
    mounts: parseMounts(json, host),
    ...(stopSignal !== '' && { stopSignal }),
  }
}

function parseState(state: Json): InspectedState {
  const health = object(state['Health'])
  const status = text(health['Status'])
  return {
    status: stateOf(state['Status']),
    running: state['Running'] === true,
    paused: state['Paused'] === true,
    restarting: state['Restarting'] === true,
    exitCode: number(state['ExitCode']),
    error: printable(text(state['Error'])),
    pid: number(state['Pid']),
    startedAt: time(state['StartedAt']),
    finishedAt: time(state['FinishedAt']),
    oomKilled: state['OOMKilled'] === true,
    ...(status !== '' &&
      status !== 'none' && { health: { status, log: array(health['Log']).map(object).map(parseProbe) } }),
  }
}

/** What a probe printed is left out: it is text from elsewhere. */
const parseProbe = (probe: Json): Probe => ({
  start: time(probe['Start']),
  end: time(probe['End']),
  exitCode: number(probe['ExitCode']),
})

const milliseconds = (nanoseconds: unknown): number => Math.round(number(nanoseconds) / 1e6)

function parseHealthcheck(check: Json): Healthcheck | undefined {
  const test = array(check['Test']).map(text)
  if (test.length === 0 || test[0] === 'NONE') return undefined
  return {
    test,
    intervalMs: milliseconds(check['Interval']),
    timeoutMs: milliseconds(check['Timeout']),
    startPeriodMs: milliseconds(check['StartPeriod']),
    retries: number(check['Retries']),
  }
}

function parseAddresses(networks: Json): Record<string, string> {
  const addresses: Record<string, string> = {}
  for (const [name, endpoint] of Object.entries(networks)) {
    const address = text(object(endpoint)['IPAddress']) || text(object(endpoint)['GlobalIPv6Address'])
    if (address !== '') addresses[name] = address
  }
  return addresses
}

/** A sub-path stands where it was asked for (HostConfig.Mounts), by target. */
function parseMounts(json: Json, host: Json): Inspected['mounts'] {
  const asked = array(host['Mounts']).map(object)
  return array(json['Mounts'])
    .map(object)
    .map((mount) => {
      const wish = asked.find((one) => text(one['Target']) === text(mount['Destination']))
      const subPath = text(object(wish?.['VolumeOptions'])['Subpath'])
      return {
        type: text(mount['Type']),
        name: text(mount['Name']),
        driver: text(mount['Driver']),
        destination: text(mount['Destination']),
        writable: mount['RW'] === true,
        ...(subPath !== '' && { subPath }),
      }
    })
}

/** `GET /images/ID/json`. */
export function parseImage(json: Json): Image {
  const labels = texts(object(json['Config'])['Labels'])
  const configHash = labels['com.docker.compose.config-hash']
  return { id: text(json['Id']), labels, ...(configHash !== undefined && { configHash }) }
}

/** `GET /volumes/NAME`, or a row of `GET /volumes`. */
export const parseVolume = (json: Json): EngineVolume => ({
  name: text(json['Name']),
  driver: text(json['Driver']),
  labels: texts(json['Labels']),
  options: texts(json['Options']),
  createdAt: text(json['CreatedAt']),
})
