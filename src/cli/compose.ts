import { type Document, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLMap } from 'yaml'
import type { Finding } from '../config/parse.ts'
import { type Failure, isFailure, printable } from '../core/failure.ts'
import { parseAsked, refuseOptions } from '../core/labels.ts'
import { modeMeant } from '../core/mode-labels.ts'

/** One label or option with the place of its name in the file. */
interface Entry {
  readonly value: string
  readonly offset: number
  /** Not a string to YAML, and not written as one. */
  readonly unquoted: boolean
}

type Entries = ReadonlyMap<string, Entry>

/** Labels and driver_opts are checked one by one, so that each fault has its own line; then together. */
type Check = (labels: Readonly<Record<string, string>>) => void

const defaults = { defaultMode: 0o444 }

/** What is wrong with the `dso.` labels of the services and the driver_opts of the dso volumes of a Compose file. */
export function composeFindings(text: string): readonly Finding[] {
  const counter = new LineCounter()
  const document = parseDocument(text, { lineCounter: counter, merge: true, uniqueKeys: true, prettyErrors: false })
  const at = (offset: number) => {
    const { line, col } = counter.linePos(offset)
    return { line, column: col }
  }
  const [broken] = document.errors
  if (broken !== undefined) {
    const what = `this is no YAML (${printable(broken.message.split('\n')[0] ?? '')})`
    return [{ ...at(broken.pos[0]), what, remedy: 'correct the line' }]
  }
  const found: Finding[] = []
  const examine = (entries: Entries, where: string, check: Check) => {
    for (const { offset, ...sentence } of faultsOf(entries, check)) {
      found.push({ ...at(offset), ...sentence, what: `${where}: ${sentence.what}` })
    }
  }
  for (const [name, service] of mapsIn(document, 'services')) {
    examine(entriesOf(document, service, 'labels'), name, (labels) => void parseAsked(labels, defaults))
    const deploy = resolved(document, service.get('deploy', true))
    if (!isMap(deploy)) continue
    for (const { offset } of entriesOf(document, deploy, 'labels').values()) {
      const remedy = 'put the label below the service itself'
      found.push({ ...at(offset), what: `${name}: labels below deploy reach no container`, remedy })
    }
  }
  for (const [name, volume] of mapsIn(document, 'volumes')) {
    if (volume.get('driver') !== 'dso') continue
    examine(entriesOf(document, volume, 'driver_opts', ''), `volume ${name}`, (options) => {
      refuseOptions(options)
      parseAsked(options, defaults)
    })
  }
  return found.sort((a, b) => a.line - b.line || a.column - b.column)
}

function faultsOf(entries: Entries, check: Check): { offset: number; what: string; remedy: string }[] {
  const faults: { offset: number; what: string; remedy: string }[] = []
  const sound: Record<string, string> = {}
  for (const [name, { value, offset, unquoted }] of entries) {
    if (unquoted && /^dso\.mode(\.|$)/.test(name)) {
      faults.push({
        offset,
        what: `${name} is a number to YAML`,
        remedy: `write it quoted: "${modeMeant(value) ?? '0400'}"`,
      })
      continue
    }
    const alone = /^dso\.(mode|uid|gid)\./.test(name) ? undefined : thrown(() => check({ [name]: value }))
    if (alone === undefined) sound[name] = value
    else faults.push({ offset, what: alone.what, remedy: alone.remedy })
  }
  const together = faults.length > 0 ? undefined : thrown(() => check(sound))
  const [first] = entries.values()
  if (together !== undefined) {
    const named = [...entries].find(([name]) => together.what.includes(name))?.[1] ?? first
    faults.push({ offset: named?.offset ?? 0, what: together.what, remedy: together.remedy })
  }
  return faults
}

function thrown(act: () => void): Failure | undefined {
  try {
    act()
    return undefined
  } catch (error) {
    if (isFailure(error)) return error
    throw error
  }
}

/** The maps below a top-level key, by name. */
function mapsIn(document: Document, key: string): [string, YAMLMap][] {
  const parent = resolved(document, document.get(key, true))
  if (!isMap(parent)) return []
  return parent.items.flatMap(({ key: name, value }): [string, YAMLMap][] => {
    const map = resolved(document, value)
    return isScalar(name) && isMap(map) ? [[String(name.value), map]] : []
  })
}

/** The entries of a mapping (`a: b`) or a list (`- a=b`) whose name begins so. */
function entriesOf(document: Document, map: YAMLMap, key: string, prefix = 'dso.'): Entries {
  const node = resolved(document, map.get(key, true))
  const entries = new Map<string, Entry>()
  const add = (name: string, entry: Entry) => {
    if (name.startsWith(prefix)) entries.set(name, entry)
  }
  if (isMap(node)) {
    for (const { key: name, value } of node.items) {
      if (!isScalar(name)) continue
      const scalar = resolved(document, value)
      const text =
        isScalar(scalar) && scalar.value !== null
          ? typeof scalar.value === 'string'
            ? scalar.value
            : (scalar.source ?? String(scalar.value))
          : ''
      const unquoted = isScalar(scalar) && typeof scalar.value === 'number'
      add(String(name.value), { value: text, offset: name.range?.[0] ?? 0, unquoted })
    }
  }
  if (isSeq(node)) {
    for (const item of node.items) {
      if (!isScalar(item)) continue
      const [name = '', ...rest] = String(item.value).split('=')
      add(name, { value: rest.join('='), offset: item.range?.[0] ?? 0, unquoted: false })
    }
  }
  return entries
}

/** What an alias stands for; anything else is itself. */
const resolved = (document: Document, node: unknown): Node | undefined => {
  const found = node as Node | null | undefined
  if (found === null || found === undefined) return undefined
  return 'source' in found && !isScalar(found)
    ? (found as { resolve(d: Document): Node | undefined }).resolve(document)
    : found
}
