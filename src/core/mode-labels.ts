import { adviceOr } from './advice.ts'
import { Failure } from './failure.ts'
import type { Expansion } from './model.ts'
import { nearestOr } from './nearest.ts'

type Owner = { readonly mode?: number; readonly uid?: number; readonly gid?: number }

/** Mode, uid and gid of the files of one container. */
export interface Owners {
  of(file: string): { mode: number; uid: number; gid: number }
  /** What is said of single files, in the order of their names. */
  readonly perFile: Expansion['perFile']
}

const LARGEST_ID = 4294967294

/** Labels of this kind begin so, `dso.` left off. */
export const ownerKeys = ['mode', 'uid', 'gid'] as const

/**
 * Reads `dso.mode`, `dso.uid`, `dso.gid` and the same for single files. Throws Failure BAD_LABEL for a mode that is not
 * four octal digits (the usual cause is YAML, which reads 0400 as the number 256), and for a name instead of a number.
 */
export function parseOwners(labels: Readonly<Record<string, string>>, defaultMode: number): Owners {
  const all: Owner = {}
  const perFile = new Map<string, Owner>()
  for (const label of Object.keys(labels).sort()) {
    const [, kind, file] = /^dso\.(mode|uid|gid)(?:\.(.*))?$/s.exec(label) ?? []
    if (kind === undefined) continue
    const number = kind === 'mode' ? parseMode(label, labels[label]!) : parseId(label, labels[label]!)
    if (file === undefined) Object.assign(all, { [kind]: number })
    else perFile.set(file, { ...perFile.get(file), [kind]: number })
  }
  return {
    of: (file) => ({ mode: defaultMode, uid: 0, gid: 0, ...all, ...perFile.get(file) }),
    perFile: Object.fromEntries([...perFile].sort(([a], [b]) => (a < b ? -1 : 1))),
  }
}

/** Throws Failure BAD_LABEL if a mode, uid or gid is given for a file that nobody asks for. */
export function refuseStrayOwners(labels: Readonly<Record<string, string>>, files: readonly string[]): void {
  for (const label of Object.keys(labels).sort()) {
    const file = /^dso\.(?:mode|uid|gid)\.(.*)$/s.exec(label)?.[1]
    if (file === undefined || files.includes(file)) continue
    const otherwise =
      files.length === 0 ? 'remove the label' : adviceOr(`the files are ${files.join(', ')}`, 'remove the label')
    throw new Failure('BAD_LABEL', `${label}: no label asks for a file ${file}`, nearestOr(file, files, otherwise))
  }
}

function parseMode(label: string, text: string): number {
  if (/^[0-7]{4}$/.test(text)) return Number.parseInt(text, 8)
  const meant = modeMeant(text)
  const remedy = meant === undefined ? 'write four octal digits, quoted: "0400"' : `write it quoted: "${meant}"`
  throw new Failure('BAD_LABEL', `${label} is ${JSON.stringify(text.slice(0, 40))}, not four octal digits`, remedy)
}

/** What somebody meant whose mode is not four digits: digits left off, or an octal number that YAML made decimal. */
export function modeMeant(text: string): string | undefined {
  const octal = text.replace(/^0o/, '').padStart(4, '0')
  if (/^[0-7]{4}$/.test(octal) && sensible(Number.parseInt(octal, 8))) return octal
  const number = Number(text)
  const made = number.toString(8).padStart(4, '0')
  return /^\d+$/.test(text) && number <= 0o7777 && sensible(number) ? made : undefined
}

/** The owner may read, and nobody else may do what the owner may not. */
function sensible(mode: number): boolean {
  const [owner, group, others] = [(mode >> 6) & 7, (mode >> 3) & 7, mode & 7]
  return (owner & 4) !== 0 && (group & ~owner) === 0 && (others & ~owner) === 0
}

function parseId(label: string, text: string): number {
  if (/^(0|[1-9][0-9]{0,9})$/.test(text) && Number(text) <= LARGEST_ID) return Number(text)
  const remedy = 'write the number (id -u or id -g in the container says it): the host does not know its names'
  throw new Failure('BAD_LABEL', `${label} is ${JSON.stringify(text.slice(0, 40))}, not a number`, remedy)
}
