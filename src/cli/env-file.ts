import { Usage } from './command.ts'

/** The variables of an env file, and the names of those whose value holds a `$`. */
export interface EnvFile {
  readonly fields: ReadonlyMap<string, string>
  readonly dollars: readonly string[]
}

const name = /^[A-Za-z_][A-Za-z0-9_.-]*$/

/**
 * Reads an env file by Compose's rules (docs.docker.com, Compose, env files): `NAME=value` or `NAME: value`, an optional
 * `export`, `#` after a blank begins a comment, double quotes know \n \r \t \\ \" and may span lines, single quotes are
 * literal. `$` stays as it is. Throws Usage with the line; no value is ever part of a message.
 */
export function parseEnvFile(text: string): EnvFile {
  const fields = new Map<string, string>()
  const source = text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n')
  let line = 1
  for (let at = 0; at < source.length; ) {
    const start = at
    const end = endOfLine(source, at)
    const trimmed = source.slice(at, end).trim()
    if (trimmed === '' || trimmed.startsWith('#')) at = end + 1
    else {
      const one = assignment(source, at, end, line)
      if (fields.has(one.name)) throw new Usage(`line ${line}: ${one.name} stands there twice: keep one of the two`)
      fields.set(one.name, one.value)
      at = one.next
    }
    line += source.slice(start, at).split('\n').length - 1
  }
  if (fields.size === 0) throw new Usage('it holds no NAME=value')
  return { fields, dollars: [...fields].filter(([, value]) => value.includes('$')).map(([key]) => key) }
}

const endOfLine = (text: string, at: number): number => {
  const end = text.indexOf('\n', at)
  return end < 0 ? text.length : end
}

function assignment(
  source: string,
  at: number,
  end: number,
  line: number,
): { name: string; value: string; next: number } {
  const match = /^\s*(?:export\s+)?([^=:\s]+)\s*(?:=|:(?=\s|$))[ \t]*/.exec(source.slice(at, end))
  const [all = '', key = ''] = match ?? []
  if (match === null || !name.test(key)) throw new Usage(`line ${line}: it is not NAME=value`)
  const from = at + all.length
  const quote = source[from]
  if (quote !== '"' && quote !== "'") return { name: key, value: bare(source.slice(from, end)), next: end + 1 }
  const close = closing(source, from + 1, quote)
  if (close < 0) throw new Usage(`line ${line}: the quote of ${key} is never closed`)
  const after = endOfLine(source, close)
  if (!/^\s*(#.*)?$/.test(source.slice(close + 1, after)))
    throw new Usage(`line ${line}: text follows the quote of ${key}`)
  const inner = source.slice(from + 1, close)
  return { name: key, value: quote === '"' ? unescaped(inner) : inner, next: after + 1 }
}

/** A value without quotes ends before a comment; blanks around it do not count. */
const bare = (text: string): string => text.replace(/(^|\s)#.*$/, '').trim()

function closing(source: string, from: number, quote: string): number {
  for (let at = from; at < source.length; at += 1) {
    if (source[at] === '\\' && quote === '"') at += 1
    else if (source[at] === quote) return at
  }
  return -1
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\' }

const unescaped = (text: string): string =>
  text.replace(/\\([\s\S])/g, (all, char: string) => (Object.hasOwn(escapes, char) ? (escapes[char] ?? all) : all))
