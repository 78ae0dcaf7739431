import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'

/** How a program is run. The environment is exactly `env`; a run that outlives `timeoutMs` is killed and rejects. */
export interface RunOptions {
  readonly input?: Buffer | string | undefined
  readonly env?: Readonly<Record<string, string>> | undefined
  readonly timeoutMs?: number | undefined
  readonly cwd?: string | undefined
}

/** How a process ended. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** How a program ended and what it said. */
export interface Outcome extends Exit {
  readonly stdout: string
  readonly stderr: string
  readonly stdoutBytes: Buffer
}

/** A long-running process; `pid` is the program's own, not a wrapper's. */
export interface Running {
  readonly pid: number
  /** Complete lines so far. */
  readonly stdout: readonly string[]
  readonly stderr: readonly string[]
  /** Both streams so far, as they came. */
  output(): string
  write(input: Buffer | string): void
  endInput(): void
  kill(signal?: NodeJS.Signals): void
  /** SIGTERM, then SIGKILL when it has not ended after `patienceMs` (10 s). */
  stop(patienceMs?: number): Promise<Exit>
  readonly running: boolean
  readonly exited: Promise<Exit>
}

/** Starts a program and returns at once. */
export function start(argv: readonly string[], options: Omit<RunOptions, 'timeoutMs'> = {}): Running {
  const child = launch(argv, options)
  const stdout: string[] = []
  const stderr: string[] = []
  const all: Buffer[] = []
  collectLines(child.stdout, stdout, all)
  collectLines(child.stderr, stderr, all)
  if (options.input !== undefined) child.stdin?.end(options.input)
  const exited = ended(child)
  const kill = (signal: NodeJS.Signals = 'SIGTERM') => void child.kill(signal)
  return {
    pid: child.pid ?? -1,
    stdout,
    stderr,
    output: () => Buffer.concat(all).toString(),
    write: (input) => void child.stdin?.write(input),
    endInput: () => void child.stdin?.end(),
    kill,
    stop: async (patienceMs = 10_000) => {
      kill('SIGTERM')
      const impatient = new AbortController()
      const late = sleep(patienceMs, 'late' as const, { signal: impatient.signal }).catch(() => 'ended' as const)
      if ((await Promise.race([exited, late])) === 'late') kill('SIGKILL')
      impatient.abort()
      return exited
    },
    get running() {
      return child.exitCode === null && child.signalCode === null
    },
    exited,
  }
}

/** Runs a program to its end; a non-zero exit is an outcome, not an error. */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const { timeoutMs = 60_000 } = options
  const child = launch(argv, options)
  const out: Buffer[] = []
  const err: Buffer[] = []
  child.stdout?.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr?.on('data', (chunk: Buffer) => err.push(chunk))
  child.stdin?.end(options.input ?? '')
  let late = false
  const timer = setTimeout(() => {
    late = true
    child.kill('SIGKILL')
  }, timeoutMs)
  const exit = await ended(child).finally(() => clearTimeout(timer))
  const stdoutBytes = Buffer.concat(out)
  const outcome = { ...exit, stdout: stdoutBytes.toString(), stderr: Buffer.concat(err).toString(), stdoutBytes }
  if (late)
    throw new Error(`${argv.join(' ')}: still running after ${timeoutMs} ms\n${outcome.stdout}${outcome.stderr}`)
  return outcome
}

/** Like `run`, but an exit other than 0 is an error with what the program said. */
export async function mustRun(argv: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return succeeded(argv, await run(argv, options))
}

/** The outcome itself when the exit was 0, else an error with what the program said. */
export function succeeded(argv: readonly string[], outcome: Outcome): Outcome {
  if (outcome.code === 0) return outcome
  const how = outcome.code === null ? `ended by ${outcome.signal}` : `exit ${outcome.code}`
  throw new Error(`${argv.join(' ')}: ${how}\n${outcome.stderr || outcome.stdout}`.trimEnd())
}

function launch(argv: readonly string[], options: RunOptions): ChildProcess {
  const [program, ...args] = argv
  if (program === undefined) throw new Error('no program given')
  const child = spawn(program, args, { cwd: options.cwd, env: options.env ?? process.env, stdio: 'pipe' })
  // A program may end without having read its input.
  child.stdin?.on('error', () => {})
  return child
}

/** Resolves when the process has ended and its output is read, or half a second later when something else holds its output. */
function ended(child: ChildProcess): Promise<Exit> {
  const { promise, resolve, reject } = Promise.withResolvers<Exit>()
  child.once('error', reject)
  child.once('close', (code, signal) => resolve({ code, signal }))
  child.once('exit', (code, signal) => setTimeout(() => resolve({ code, signal }), 500).unref())
  // Whoever awaits it gets the error; nobody has to.
  promise.catch(() => {})
  return promise
}

function collectLines(stream: ChildProcess['stdout'], lines: string[], all: Buffer[]): void {
  let rest = ''
  stream?.on('data', (chunk: Buffer) => {
    all.push(chunk)
    const parts = (rest + chunk.toString()).split('\n')
    rest = parts.pop() ?? ''
    lines.push(...parts)
  })
  stream?.on('end', () => {
    if (rest !== '') lines.push(rest)
  })
}
