import type { Terminal } from './terminal.ts'

/** One column of a table. `least`: columns it keeps when the terminal is narrow. */
export interface Column {
  readonly title: string
  readonly right?: boolean
  readonly least?: number
}

const gap = 2

/**
 * A table with its heading. Given a width, the widest columns give way until it fits, and cells that no longer fit
 * are cut with `...`.
 */
export function table(heading: readonly Column[], rows: readonly (readonly string[])[], width?: number): string {
  const sizes = heading.map(({ title }, at) => Math.max(title.length, ...rows.map((row) => (row[at] ?? '').length)))
  if (width !== undefined) narrow(sizes, heading, width)
  const lines = [heading.map(({ title }) => title), ...rows]
  return lines.map((row) => `${lineOf(row, sizes, heading)}\n`).join('')
}

function narrow(sizes: number[], heading: readonly Column[], width: number): void {
  const total = () => sizes.reduce((sum, size) => sum + size, gap * (sizes.length - 1))
  while (total() > width) {
    let widest = -1
    for (const [at, size] of sizes.entries()) {
      const least = heading[at]?.least ?? heading[at]?.title.length ?? 0
      if (size > Math.max(least, 4) && size > (sizes[widest] ?? 0)) widest = at
    }
    if (widest < 0) return
    sizes[widest] = (sizes[widest] ?? 0) - 1
  }
}

function lineOf(row: readonly string[], sizes: readonly number[], heading: readonly Column[]): string {
  const cells = sizes.map((size, at) => {
    const cell = cut(row[at] ?? '', size)
    return heading[at]?.right === true ? cell.padStart(size) : cell.padEnd(size)
  })
  return cells.join(' '.repeat(gap)).trimEnd()
}

/** Text in at most `size` columns. */
export const cut = (text: string, size: number): string =>
  text.length <= size ? text : `${text.slice(0, Math.max(0, size - 3))}...`.slice(0, size)

/** Two columns, indented: help. */
export function columns(rows: readonly (readonly [string, string])[]): string {
  const size = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(size)}  ${right}`.trimEnd()).join('\n')
}

/** Breaks text at blanks into lines of at most `width` columns; all but the first are indented. */
export function wrapped(text: string, width: number, indent: string): string {
  const lines: string[] = ['']
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? ''
    if (last === '') lines[lines.length - 1] = lines.length === 1 ? word : indent + word
    else if (last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(indent + word)
  }
  return lines.join('\n')
}

/** `4 s`, `3 min`, `2 h`, `12 d`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 120) return `${seconds} s`
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`
  return `${Math.floor(seconds / 86_400)} d`
}

export const ago = (iso: string, now: number): string => `${duration(now - Date.parse(iso))} ago`

/** `9.8 MB`. */
export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  if (bytes < 1_000_000) return `${(bytes / 1000).toFixed(1)} kB`
  return `${(bytes / 1_000_000).toFixed(1)} MB`
}

export const plural = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`

const colours = { red: 31, green: 32, yellow: 33, bold: 1 } as const

/** Text in a colour where the terminal may have one. */
export const paint = (terminal: Pick<Terminal, 'colour'>, colour: keyof typeof colours, text: string): string =>
  terminal.colour ? `\x1b[${colours[colour]}m${text}\x1b[0m` : text

/** A JSON answer as people and programs read it. */
export const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`
