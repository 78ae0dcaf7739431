import { adviceOr } from './advice.ts'
import { Failure, isFailure } from './failure.ts'
import { ownerKeys, parseOwners, refuseStrayOwners } from './mode-labels.ts'
import type { Asked, Binding, Expansion, Reference, StrategyAsked, Value } from './model.ts'
import { nearest } from './nearest.ts'
import { printReference } from './reference.ts'
import { parseRotation, rotationKeys } from './rotation-labels.ts'
import { sourceExists } from './settings.ts'
import { insertsOf, parseExpansion, parseValue } from './value.ts'

export { withoutImageLabels } from './image-layer.ts'
export { mergeOptions, refuseOptions } from './volume-options.ts'

type Labels = Readonly<Record<string, string>>

export interface LabelDefaults {
  /** Permission bits of files for which no label says any. */
  readonly defaultMode: number
  /** What a container without `dso.rotation` asks for; `auto` unless dso.yaml says otherwise. */
  readonly defaultStrategy?: 'auto' | 'live' | 'none'
}

const SECRET = 'dso.secret.'
const EXPANSION = 'dso.secret.*'
const FILE = /^(?!\.\.)[A-Za-z0-9._-]{1,255}$/

const known: readonly string[] = [...ownerKeys, ...rotationKeys, 'ignore'].map((key) => `dso.${key}`)
const prefixes = ['dso.secret.', ...ownerKeys.map((key) => `dso.${key}.`)]
const later: Readonly<Record<string, string>> = {
  'dso.path': 'name the volume in the service: volumes: ["NAME:/run/secrets"]',
  'dso.rotation.group': 'remove the label: every service changes by itself',
  'dso.rotation.ports': 'remove the label',
  'dso.rotation.drain': 'remove the label',
  'dso.rotation.previous': 'remove the label',
}

/**
 * What a container asks for. `labels` are its own, the image's left out and its volume's options merged in; only those
 * that begin with `dso.` are read. Their order does not matter: bindings come sorted by file. Throws Failure BAD_LABEL,
 * BAD_REFERENCE, SOURCE_UNKNOWN or STRATEGY_IMPOSSIBLE; the text behind a label is never repeated unless it is a reference.
 */
export function parseAsked(labels: Labels, defaults: LabelDefaults): Asked {
  const own = Object.fromEntries(Object.entries(labels).filter(([name]) => name.startsWith('dso.')))
  for (const label of Object.keys(own).sort()) refuseUnknown(label)
  refuseIgnoreText(own['dso.ignore'])
  const owners = parseOwners(own, defaults.defaultMode)
  const files = Object.keys(own)
    .filter((label) => label.startsWith(SECRET) && label !== EXPANSION)
    .sort()
  const bindings = files.map((label): Binding => {
    const file = label.slice(SECRET.length)
    return { file, value: parsedValue(label, own[label]!), ...owners.of(file) }
  })
  const many = own[EXPANSION]
  if (many === undefined)
    refuseStrayOwners(
      own,
      bindings.map(({ file }) => file),
    )
  const expansions: Expansion[] =
    many === undefined ? [] : [{ reference: expansionOf(many), ...owners.of(''), perFile: owners.perFile }]
  return {
    bindings,
    expansions,
    rotation: parseRotation(own, (defaults.defaultStrategy ?? 'auto') as StrategyAsked['kind']),
  }
}

/** Whether the container is to be left alone. */
export const isIgnored = (labels: Labels): boolean => labels['dso.ignore'] === 'true'

/** Whether a container with these wishes would get any file. */
export const asksForNothing = ({ bindings, expansions }: Asked): boolean => bindings.length + expansions.length === 0

function parsedValue(label: string, text: string): Value {
  return saidOf(label, () => {
    const value = parseValue(text)
    for (const { reference } of insertsOf(value)) refuseUnknownSource(reference)
    return value
  })
}

function expansionOf(text: string): Reference {
  return saidOf(EXPANSION, () => {
    const reference = parseExpansion(text)
    refuseUnknownSource(reference)
    return reference
  })
}

function refuseUnknownSource(reference: Reference): void {
  if (sourceExists(reference)) return
  const what = `${printReference(reference)}: there is no source ${reference.source}`
  throw new Failure('SOURCE_UNKNOWN', what, 'other sources than local are not in this version')
}

/** A failure names the label it is about. */
function saidOf<T>(label: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw isFailure(error) ? new Failure(error.code, `${label}: ${error.what}`, error.remedy) : error
  }
}

function refuseUnknown(label: string): void {
  if (known.includes(label) || label === EXPANSION) return
  const prefix = prefixes.find((begin) => label.startsWith(begin))
  if (prefix !== undefined) {
    refuseFileName(label, label.slice(prefix.length))
    return
  }
  const remedy = later[label]
  if (remedy !== undefined) throw bad(label, 'this label is not in this version', remedy)
  if (label.startsWith('dso.env.'))
    throw bad(label, 'variables are not in this version', 'ask for a file: dso.secret.FILE')
  if (label === 'dso.standin') throw bad(label, 'this label is reserved', 'remove the label')
  throw bad(label, 'there is no such label', nearestLabel(label))
}

function refuseFileName(label: string, file: string): void {
  if (FILE.test(file) && file !== '.') return
  const what = file === '' ? 'it names no file' : 'the file name is not possible'
  throw bad(label, what, 'name it by letters, digits, . _ and - only, at most 255, not beginning with ..')
}

/** A near key with what follows it (`dso.secrt.db` means `dso.secret.db`), else the list. */
function nearestLabel(label: string): string {
  const list = `the labels are dso.secret.FILE, ${known.join(', ')}`
  const [, key = '', rest = ''] = /^dso\.([^.]*)\.(.+)$/s.exec(label) ?? []
  const near = nearest(key, ['secret', ...ownerKeys])
  const meant = nearest(label, [...known, ...Object.keys(later)]) ?? (near && `dso.${near}.${rest}`)
  return meant === undefined ? list : adviceOr(`did you mean ${meant}?`, list)
}

function refuseIgnoreText(text: string | undefined): void {
  if (text === undefined || text === 'true' || text === 'false') return
  throw bad('dso.ignore', 'it is neither true nor false', 'write "true" or remove the label')
}

const bad = (label: string, what: string, remedy: string): Failure =>
  new Failure('BAD_LABEL', `${label}: ${what}`, remedy)
