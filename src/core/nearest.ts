/**
 * The candidate that `name` was most likely meant to be, or undefined if none is near: at most one edit in three
 * characters (insert, delete, replace, swap of neighbours), case ignored, else the first that begins with it. Of
 * equally near ones the first.
 */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  const all = [...candidates]
  const limit = Math.max(1, Math.floor(name.length / 3))
  let best: string | undefined
  let least = limit + 1
  for (const candidate of all) {
    if (Math.abs(candidate.length - name.length) >= least) continue
    const edits = distance(name.toLowerCase(), candidate.toLowerCase())
    if (edits < least) {
      best = candidate
      least = edits
    }
  }
  return best ?? (name.length < 3 ? undefined : all.find((candidate) => candidate.startsWith(name)))
}

/** A remedy: the nearest word as a question, or `otherwise` (a list of what there is). */
export function nearestOr(name: string, candidates: readonly string[], otherwise: string): string {
  const near = nearest(name, candidates)
  return near === undefined ? otherwise : `did you mean ${near}?`
}

/** Optimal string alignment distance. */
function distance(a: string, b: string): number {
  let before: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1]
      let edits = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) edits = Math.min(edits, before[j - 2]! + 1)
      row.push(edits)
    }
    before = last
    last = row
  }
  return last[b.length]!
}
