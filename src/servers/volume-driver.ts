import { validVolumeName } from '../core/desire.ts'
import { Failure, isFailure } from '../core/failure.ts'
import { parseAsked, refuseOptions } from '../core/labels.ts'
import type { ObservedMount, Volume } from '../core/model.ts'
import type { Catalogue } from '../docker/catalogue.ts'

/** What the verbs act on. */
export interface VolumeDriverNeeds {
  readonly catalogue: Pick<Catalogue, 'all' | 'get' | 'adopt' | 'create' | 'remove'>
  /** Decides and delivers; the directory to answer. Throws Failure. */
  readonly birth: (volume: string, mountId: string) => Promise<string>
  readonly used: (mountId: string, by: -1) => void
  readonly look: () => Promise<readonly ObservedMount[]>
  /** Value-free facts for `docker volume inspect`, from memory. */
  readonly facts: (volume: string) => Readonly<Record<string, string | number>>
  /** dockerd asks who we are: once in each of its lives, before anything else. */
  readonly activated: () => void
}

/** One answer of the plugin protocol. */
export interface Reply {
  readonly status: number
  readonly body: object
}

interface Call {
  readonly name: string
  readonly id: string
  readonly options: Readonly<Record<string, string>>
}

type Verb = (call: Call) => object | Promise<object>

/** A holder's namespaces outlive its process by moments: how long Remove waits for them. */
const lingeringMs = 2000

/**
 * Docker's volume plugin protocol, version 1: answers one POST by its path and its body as text. What goes wrong for a
 * reason is `{ Err }` with status 200, which dockerd prints without adding its own method name; what is no call at all
 * (unknown path, no JSON) is 4xx. Never throws. Everything but Mount and Remove answers from memory.
 */
export function createVolumeDriver(needs: VolumeDriverNeeds): (path: string, body: string) => Promise<Reply> {
  const mounting = new Map<string, number>()
  const verbs = createVerbs(needs, mounting)
  return async (path, body) => {
    const verb = verbs.get(path)
    if (!verb) return refusal(404, `dso: no such call: ${path.slice(0, 100)}`)
    if (body.trim() === '' && !argumentless.has(path)) return refusal(400, repeated.message)
    const call = parseCall(body, argumentless.has(path))
    if (typeof call === 'string') return refusal(400, `dso: ${path}: ${call}`)
    try {
      return { status: 200, body: await verb(call) }
    } catch (error) {
      return refusal(200, sentence(error))
    }
  }
}

/** dockerd asks again for some seconds when a call breaks off, but it has sent the body away the first time. */
const repeated = new Failure(
  'AGENT_DOWN',
  'the agent ended while Docker asked it, and Docker asks again without saying for what',
  'run the command again',
)

const argumentless = new Set(['/Plugin.Activate', '/VolumeDriver.List', '/VolumeDriver.Capabilities'])

function createVerbs(needs: VolumeDriverNeeds, mounting: Map<string, number>): ReadonlyMap<string, Verb> {
  const { catalogue, facts } = needs
  const known = async (name: string): Promise<Volume> => {
    const volume = catalogue.get(name) ?? (await catalogue.adopt(name))
    if (!volume) throw noSuchVolume(name)
    return volume
  }
  const told = ({ name, createdAt }: Volume) => ({ Name: name, Mountpoint: '', CreatedAt: createdAt })
  const table: Record<string, Verb> = {
    'Plugin.Activate': () => {
      needs.activated()
      return { Implements: ['VolumeDriver'] }
    },
    'VolumeDriver.Capabilities': () => ({ Capabilities: { Scope: 'local' } }),
    'VolumeDriver.List': () => ({ Volumes: catalogue.all().map(told), Err: '' }),
    'VolumeDriver.Get': async ({ name }) => ({
      Volume: { ...told(await known(name)), Status: facts(name) },
      Err: '',
    }),
    'VolumeDriver.Path': async ({ name }) => ({ Mountpoint: told(await known(name)).Mountpoint, Err: '' }),
    'VolumeDriver.Create': (call) => create(catalogue, call),
    'VolumeDriver.Remove': ({ name }) => remove(needs, mounting, name),
    'VolumeDriver.Mount': ({ name, id }) => mount(needs, mounting, name, id),
    'VolumeDriver.Unmount': ({ id }) => {
      needs.used(id, -1)
      return { Err: '' }
    },
  }
  return new Map(Object.entries(table).map(([name, verb]) => [`/${name}`, verb]))
}

async function create(catalogue: VolumeDriverNeeds['catalogue'], { name, options }: Call): Promise<object> {
  refuseBadName(name)
  refuseOptions(options)
  // Modes of single files may be of files that a label names: they are looked at when all is known, at every Mount.
  const whole = Object.entries(options).filter(([option]) => /^dso\.(secret\.|(mode|uid|gid)$)/.test(option))
  parseAsked(Object.fromEntries(whole), { defaultMode: 0o444 })
  const before = catalogue.get(name)
  if (before && !sameOptions(before.options, options)) {
    throw new Failure(
      'BAD_LABEL',
      `volume ${name} exists with other driver_opts`,
      `remove it first: docker volume rm ${name}`,
    )
  }
  if (!before) await catalogue.create(name, options)
  return { Err: '' }
}

/** Idempotent by id; at the same time for others, so that a Remove that comes meanwhile is refused. */
async function mount(needs: VolumeDriverNeeds, mounting: Map<string, number>, name: string, id: string) {
  refuseBadName(name)
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/.test(id)) {
    throw new Failure(
      'VOLUME_UNCLAIMED',
      `volume ${name} was asked for without a usable mount id`,
      'start the container again',
    )
  }
  mounting.set(name, (mounting.get(name) ?? 0) + 1)
  try {
    if (!needs.catalogue.get(name) && !(await needs.catalogue.adopt(name))) throw noSuchVolume(name)
    return { Mountpoint: await needs.birth(name, id), Err: '' }
  } finally {
    const left = (mounting.get(name) ?? 1) - 1
    if (left > 0) mounting.set(name, left)
    else mounting.delete(name)
  }
}

async function remove({ catalogue, look }: VolumeDriverNeeds, mounting: Map<string, number>, name: string) {
  const end = performance.now() + lingeringMs
  for (;;) {
    const held = (await look()).find((mount) => mount.volume === name && mount.holders.length > 0)
    if (!held && !mounting.has(name)) break
    if (performance.now() > end) {
      throw new Failure(
        'VOLUME_UNCLAIMED',
        `volume ${name} is held by ${held ? `container ${held.holders[0]?.slice(0, 12)}` : 'a container that is starting'}`,
        'remove the container first',
        held?.workload ?? '',
      )
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  await catalogue.remove(name)
  return { Err: '' }
}

function refuseBadName(name: string): void {
  if (validVolumeName(name)) return
  const shown = name.length > 60 ? `${name.slice(0, 60)}...` : name
  throw new Failure(
    'BAD_LABEL',
    `"${shown}" is no name for a volume`,
    'use letters, digits, "_", "." and "-", starting with a letter or digit, at most 200',
  )
}

const noSuchVolume = (name: string) =>
  new Failure(
    'VOLUME_UNCLAIMED',
    `no such volume: ${name.slice(0, 200)}`,
    'create it: docker volume create -d dso NAME',
  )

function sameOptions(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name])
}

/** The call in a body, or what is wrong with it. dockerd sends null for no options, and no body where there is nothing to say. */
function parseCall(body: string, argumentless: boolean): Call | string {
  if (body.trim() === '') return { name: '', id: '', options: {} }
  let json: unknown
  try {
    json = JSON.parse(body)
  } catch {
    return 'the request is not JSON'
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return 'the request is not a JSON object'
  const { Name: name = '', ID: id = '', Opts } = json as Record<string, unknown>
  if (typeof name !== 'string' || typeof id !== 'string') return 'Name and ID are texts'
  if (name === '' && !argumentless) return 'the request names no volume'
  const options = Object.entries(typeof Opts === 'object' && Opts !== null ? Opts : {})
  if (options.some(([, value]) => typeof value !== 'string')) return 'an option is not a text'
  return { name, id, options: Object.fromEntries(options) as Record<string, string> }
}

const refusal = (status: number, text: string): Reply => ({ status, body: { Err: text } })

/** Failures are ours and value-free; of anything else only its code is told. */
function sentence(error: unknown): string {
  if (isFailure(error)) return error.message
  const code = (error as { code?: unknown } | undefined)?.code
  return `dso: unexpected error${typeof code === 'string' ? ` ${code.replace(/[^A-Z0-9_]/g, '')}` : ''}: see docker dso events`
}
