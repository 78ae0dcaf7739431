import { writeFileSync, writeSync } from 'node:fs'
import { url as inspectorUrl } from 'node:inspector'

/** Why this process must not handle values, and what to do about it. The caller makes the sentence that users read of it. */
export class UnsafeProcess extends Error {
  override readonly name = 'UnsafeProcess'
  readonly what: string
  readonly remedy: string

  constructor(what: string, remedy: string) {
    super(`${what}: ${remedy}`)
    this.what = what
    this.remedy = remedy
  }
}

/** Variables by which Node takes options, or writes down what it handles. */
const variables = ['NODE_OPTIONS', 'NODE_DEBUG', 'NODE_DEBUG_NATIVE', 'NODE_V8_COVERAGE'] as const

/** Options of Node that open a debugger, or write memory or keys down. */
const options =
  /^--(inspect|debug|experimental-worker-inspection|report|heapsnapshot|heap-?prof|cpu-?prof|prof\b|perf|tls-keylog|trace-event)/

/**
 * Makes this process one that may hold values (docs/requirements.md 12). To be called before anything else.
 *
 * Afterwards a core dump of it, also one that is piped to a program (where RLIMIT_CORE counts for nothing), holds no
 * memory; SIGUSR1 opens no debugger; no report is written. The agent also makes no file that others may read.
 * Throws UnsafeProcess where it was started with options that would undo this, and where the kernel refuses.
 */
export function protectProcess({ role }: { readonly role: 'agent' | 'cli' }): void {
  // Reports first: refusing throws, and a throw writes one.
  silenceReports()
  silenceCrashes()
  emptyCoreDumps()
  refuseVariables(process.env)
  refuseOptions(process.execArgv)
  closeInspector()
  if (role === 'agent') process.umask(0o077)
}

/** 0 keeps every mapping out of a core dump, for this process and those it starts (core(5)). */
function emptyCoreDumps(): void {
  try {
    writeFileSync('/proc/self/coredump_filter', '0')
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unknown error'
    throw new UnsafeProcess(
      `core dumps cannot be emptied (/proc/self/coredump_filter: ${reason})`,
      'run it where /proc is mounted and writable',
    )
  }
}

/** Throws UnsafeProcess if a variable is set that would make Node write down what it handles. */
export function refuseVariables(env: Readonly<Record<string, string | undefined>>): void {
  const found = variables.find((name) => (env[name] ?? '') !== '')
  if (found)
    throw new UnsafeProcess(`${found} is set, which can make values visible`, `unset ${found} and run it again`)
}

/** Throws UnsafeProcess if an option of Node is given that would open a debugger or write memory down. */
export function refuseOptions(execArgv: readonly string[]): void {
  const found = execArgv.find((argument) => options.test(argument.replaceAll('_', '-')))
  const name = found?.split('=')[0]
  if (name)
    throw new UnsafeProcess(`Node was started with ${name}, which can make values visible`, `run it without ${name}`)
}

/**
 * A handler of ours takes the place of the one by which SIGUSR1 starts the inspector (tried with Node 26). Node itself
 * keeps SIGUSR1 blocked from its first instruction when started with --disable-sigusr1, as the built program is.
 */
function closeInspector(): void {
  process.on('SIGUSR1', () => {})
  if (inspectorUrl() !== undefined) {
    throw new UnsafeProcess('a debugger is open in this process', 'run it without a debugger, and send it no SIGUSR1')
  }
}

function silenceReports(): void {
  const report = process.report
  report.reportOnFatalError = false
  report.reportOnSignal = false
  report.reportOnUncaughtException = false
}

/** What nobody caught ends the process, as ever; its message, cause and properties may hold anything and are not told. */
function silenceCrashes(): void {
  process.on('uncaughtException', (error: unknown) => {
    try {
      writeSync(2, `dso: unexpected: ${traceOf(error)}\n`)
    } finally {
      process.exit(1)
    }
  })
}

/** Kind, code and where in our code: what an error says of itself without its words. */
export function traceOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error
  if (error instanceof UnsafeProcess) return error.message
  const { stack = '', message } = error
  const calls = message === '' ? stack : stack.slice(stack.lastIndexOf(message) + message.length)
  const frames = calls.split('\n').filter((line) => /^ +at /.test(line))
  const kind = [error.constructor.name, (error as NodeJS.ErrnoException).code ?? ''].join(' ').trim()
  return [kind, ...frames].join('\n')
}
