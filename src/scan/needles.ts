import { setImmediate } from 'node:timers/promises'
import type { Secret } from '../store/secret.ts'
import { type Form, formsOf } from './forms.ts'

/** What is looked for: one form of one value. */
export interface Needle {
  readonly reference: string
  readonly form: string
  readonly bytes: Uint8Array<ArrayBuffer>
}

export interface Needles {
  readonly all: readonly Needle[]
  /** How many values are looked for. */
  readonly values: number
  /** References whose values are too short to be told from chance. */
  readonly tooShort: readonly string[]
  /** Overwrites every form. */
  wipe(): void
}

/** A value of fewer bytes is found everywhere by chance. */
export const shortest = 8

/** Of a longer value its beginning is looked for: it is as telling, and memory stays bounded. */
const excerpt = 512

/** Shorter lines of a value of several lines are not looked for by themselves. */
const shortestLine = 24

/** After so many values others get a turn. */
const valuesAtOnce = 50

/**
 * The needles for `values`. A newline at the end is left out, as what holds the value may have left it out; of a value
 * of several lines one line is looked for besides, as logs take text apart at lines.
 */
export async function createNeedles(
  values: Iterable<{ readonly reference: string; readonly value: Secret }>,
): Promise<Needles> {
  const all: Needle[] = []
  const tooShort: string[] = []
  let count = 0
  for (const { reference, value } of values) {
    const forms = value.reveal(formsToFind)
    if (forms.length === 0) tooShort.push(reference)
    else count += 1
    for (const { name, bytes } of forms) all.push({ reference, form: name, bytes })
    if (count % valuesAtOnce === 0) await setImmediate()
  }
  return {
    all,
    values: count,
    tooShort,
    wipe: () => {
      for (const { bytes } of all) bytes.fill(0)
    },
  }
}

function formsToFind(bytes: Uint8Array): readonly Form[] {
  const trimmed = withoutNewlines(bytes)
  if (trimmed.length < shortest) return []
  const line = tellingLine(trimmed)
  return [
    ...formsOf(trimmed.subarray(0, excerpt)),
    ...(line ? [{ name: 'one line of it', bytes: Uint8Array.from(line.subarray(0, excerpt)) }] : []),
  ]
}

function withoutNewlines(bytes: Uint8Array): Uint8Array {
  let end = bytes.length
  while (end > 0 && (bytes[end - 1] === 0x0a || bytes[end - 1] === 0x0d)) end -= 1
  return bytes.subarray(0, end)
}

/** The middle one of the lines that are long enough and no frame of PEM; none for a value of one line. */
function tellingLine(bytes: Uint8Array): Uint8Array | undefined {
  const lines: Uint8Array[] = []
  let start = 0
  for (let at = 0; at <= bytes.length; at++) {
    if (at < bytes.length && bytes[at] !== 0x0a) continue
    lines.push(withoutNewlines(bytes.subarray(start, at)))
    start = at + 1
  }
  if (lines.length < 2) return undefined
  const telling = lines.filter((line) => line.length >= shortestLine && !(line[0] === 0x2d && line[1] === 0x2d))
  return telling[telling.length >> 1]
}
