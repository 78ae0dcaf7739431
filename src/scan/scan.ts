import type { ScanLine } from '../core/api.ts'
import type { Engine } from '../docker/engine-types.ts'
import type { Secret } from '../store/secret.ts'
import { askDocker } from './docker-answers.ts'
import { createLooking, type Sink } from './looking.ts'
import { createNeedles, type Needle, shortest } from './needles.ts'
import { cores } from './places/cores.ts'
import { engineFiles } from './places/engine-files.ts'
import { inspect } from './places/inspect.ts'
import { layers } from './places/layers.ts'
import { logs } from './places/logs.ts'
import { own } from './places/own.ts'
import type { Place } from './places/place.ts'
import { processes } from './places/processes.ts'
import { swap } from './places/swap.ts'
import { createSearch } from './search.ts'

/** Where no value may lie, in the order in which it is searched: the quick ones first. */
export const places: readonly Place[] = [inspect, own, processes, engineFiles, cores, logs, layers, swap]

export interface ScanNeeds {
  readonly engine: Pick<Engine, 'stream'>
  /** Every value in use. */
  readonly values: () => Iterable<{ readonly reference: string; readonly value: Secret }>
  /** Folders of DSO's own deliveries: what is found there is counted, not a finding. */
  readonly expectedDirs: () => readonly string[]
  readonly places?: readonly Place[]
}

/** Tells what it finds line by line, a `done` last. Throws the signal's reason when it is aborted. */
export type Scan = (line: (line: ScanLine) => void, signal: AbortSignal) => Promise<void>

/** After so many places with one value the others are counted only. */
const shownPerReference = 50

/** The search for every value in use in every place where none may lie (docs/requirements.md 19): says where, never what. */
export function createScan({ engine, values, expectedDirs, places: where = places }: ScanNeeds): Scan {
  return async (line, signal) => {
    const needles = await createNeedles(values())
    try {
      for (const reference of new Set(needles.tooShort)) {
        line({ kind: 'note', text: `not searched for: ${reference}: under ${shortest} bytes` })
      }
      const search = createSearch(needles.all)
      const tally = createTally(line)
      const docker = await askDocker(engine, createLooking(search, tally.sink('docker'), signal).note, signal)
      for (const place of where) await place.search(createLooking(search, tally.sink(place.what), signal), docker)
      const deliveries = createLooking(search, tally.expected(), signal)
      for (const folder of expectedDirs()) await deliveries.tree('', folder, { across: true })
      tally.end()
      line({ kind: 'done', searched: where.length, values: needles.values, ...tally.counts() })
    } finally {
      needles.wipe()
    }
  }
}

/** Each place is told once for each value and form. */
function createTally(line: (line: ScanLine) => void) {
  const told = new Set<string>()
  const perReference = new Map<string, number>()
  let findings = 0
  let expected = 0

  const sink = (what: string): Sink => {
    let last = Number.NEGATIVE_INFINITY
    return {
      finding: (where, { reference, form }) => {
        if (!isFirst(told, `${where}\n${reference}\n${form}`)) return
        findings += 1
        const before = perReference.get(reference) ?? 0
        perReference.set(reference, before + 1)
        if (before < shownPerReference) line({ kind: 'finding', where, reference, form })
      },
      note: (text) => line({ kind: 'note', text }),
      progress: (done, total) => {
        if (done > 0 && performance.now() - last < 200) return
        last = performance.now()
        line({ kind: 'progress', what, done, total })
      },
    }
  }
  return {
    sink,
    expected: (): Sink => ({
      finding: (where, { reference }: Needle) => {
        if (isFirst(told, `${where}\n${reference}`)) expected += 1
      },
      note: (text) => line({ kind: 'note', text }),
      progress: () => {},
    }),
    counts: () => ({ findings, expected }),
    end: () => {
      for (const [reference, count] of perReference) {
        if (count <= shownPerReference) continue
        line({ kind: 'note', text: `${reference}: ${count - shownPerReference} more places, not shown` })
      }
    },
  }
}

function isFirst(told: Set<string>, key: string): boolean {
  if (told.has(key)) return false
  told.add(key)
  return true
}
