import { type Document, isAlias, isMap, isNode, isScalar, LineCounter, parseDocument, visit } from 'yaml'
import type * as z from 'zod'
import { printable } from '../core/failure.ts'
import { nearestOr } from '../core/nearest.ts'
import type { Settings } from '../core/settings.ts'
import { parting, schema, settingsFrom } from './schema.ts'

/** Something wrong in a file: where, what, and what to do. Lines and columns count from 1. */
export interface Finding {
  readonly line: number
  readonly column: number
  readonly what: string
  readonly remedy: string
}

/** Reads the text of dso.yaml: the settings, or everything that is wrong with it. */
export function parseConfig(text: string): { settings: Settings } | { findings: readonly Finding[] } {
  const counter = new LineCounter()
  const document = parseDocument(text, { lineCounter: counter, schema: 'core', uniqueKeys: true, prettyErrors: false })
  const at = (offset: number) => {
    const { line, col } = counter.linePos(offset)
    return { line, column: col }
  }
  const syntax = document.errors.map(({ pos, code, message }) => ({ ...at(pos[0]), ...said(code, message) }))
  if (syntax.length > 0) return { findings: syntax }
  const aliases = aliasesIn(document).map((offset) => ({
    ...at(offset),
    what: 'an alias stands here',
    remedy: 'write the value itself',
  }))
  if (aliases.length > 0) return { findings: aliases }
  const read = schema.safeParse(document.toJS() ?? {})
  if (read.success) return { settings: settingsFrom(read.data) }
  const findings = read.error.issues.flatMap((issue) =>
    told(issue).map(({ path, ...sentence }) => ({ ...at(offsetOf(document, path)), ...sentence })),
  )
  return { findings: findings.sort((a, b) => a.line - b.line || a.column - b.column) }
}

/** The sentence for an error of YAML itself. Its message may quote the file, which holds no secrets. */
function said(code: string, message: string): { what: string; remedy: string } {
  if (code === 'DUPLICATE_KEY') return { what: 'this key stands here twice', remedy: 'keep one of the two' }
  if (code === 'TAB_AS_INDENT') return { what: 'a tab indents this line', remedy: 'indent with blanks' }
  return { what: `this is no YAML (${printable(message.split('\n')[0] ?? '')})`, remedy: 'correct the line' }
}

function aliasesIn(document: Document): number[] {
  const offsets: number[] = []
  visit(document, {
    Alias: (_, node) => void offsets.push(node.range?.[0] ?? 0),
    Pair: (_, { value }) => (isAlias(value) ? void offsets.push(value.range?.[0] ?? 0) : undefined),
  })
  return [...new Set(offsets)]
}

type Path = readonly PropertyKey[]

function told(issue: z.core.$ZodIssue): { path: Path; what: string; remedy: string }[] {
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(issue.path)
    return issue.keys.map((key) => ({
      path: [...issue.path, key],
      what: `unknown key ${printable(key)}`,
      remedy: nearestOr(key, known, `the keys here are ${known.join(', ')}`),
    }))
  }
  const [what = '', remedy = 'see docs/commands.md, dso.yaml'] = issue.message.split(parting)
  const name = issue.path.length === 0 ? 'dso.yaml' : issue.path.join('.')
  return [{ path: issue.path, what: `${name} ${what}`, remedy }]
}

/** The keys that may stand at a place of the tree. */
function keysAt(path: Path): string[] {
  let place: unknown = schema
  for (const step of path) place = inside((inside(place) as { shape: Record<string, unknown> }).shape[String(step)])
  return Object.keys((inside(place) as { shape: Record<string, unknown> }).shape)
}

/** What an optional key holds. */
const inside = (type: unknown): unknown => {
  const { def } = type as { def?: { type?: string; innerType?: unknown } }
  return def?.type === 'optional' ? def.innerType : type
}

/** Where the last step of a path stands in the text: its key, or its value in a list. */
function offsetOf(document: Document, path: Path): number {
  const parent = path.length <= 1 ? document.contents : document.getIn(path.slice(0, -1), true)
  const last = path.at(-1)
  if (isMap(parent)) {
    for (const { key } of parent.items) if (isScalar(key) && key.value === last) return key.range?.[0] ?? 0
  }
  const node = document.getIn(path, true)
  return isNode(node) ? (node.range?.[0] ?? 0) : 0
}
