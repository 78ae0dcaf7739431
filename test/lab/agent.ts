import { eventually } from './eventually.ts'
import type { Exit, Running } from './processes.ts'
import { ask } from './unix-http.ts'

/** How the product's agent is started. */
export interface AgentOptions {
  readonly env?: Readonly<Record<string, string>> | undefined
  /** Another program, or more arguments, than `<node> <repo>/dist/cli.js agent`. */
  readonly argv?: readonly string[] | undefined
  /** False: return at once, without waiting for the status socket. */
  readonly wait?: boolean | undefined
  readonly deadlineMs?: number | undefined
}

/** The product's agent, running in a lab. */
export interface Agent {
  readonly pid: number
  readonly process: Running
  /** SIGTERM, and its end awaited (SIGKILL after ten seconds). */
  stop(): Promise<Exit>
  /** SIGKILL, and its end awaited. */
  kill9(): Promise<Exit>
  /** Everything it has said, standard output and error together. */
  log(): string
  /** Waits until the status socket answers. */
  ready(deadlineMs?: number): Promise<void>
  readonly running: boolean
  readonly exited: Promise<Exit>
}

/** Wraps the started process as the agent whose status socket is `socket`. */
export async function createAgent(process: Running, socket: string, options: AgentOptions): Promise<Agent> {
  const ready = async (deadlineMs = 10_000) => {
    const answer = await eventually(
      async () => {
        if (!process.running) return 'ended' as const
        return (await ask(socket, '/v1/version', { timeoutMs: 1000 })).status === 200
      },
      { what: 'answer of the agent', deadlineMs },
    ).catch((error: Error) => {
      throw new Error(`${error.message}\n${process.output().slice(-4000)}`, { cause: error })
    })
    if (answer !== 'ended') return
    const { code, signal } = await process.exited
    throw new Error(`the agent ended (${signal ?? code}):\n${process.output().slice(-4000)}`)
  }
  if (options.wait !== false) {
    await ready(options.deadlineMs).catch((error: unknown) => {
      process.kill('SIGKILL')
      throw error
    })
  }
  return {
    pid: process.pid,
    process,
    stop: () => process.stop(),
    kill9: () => {
      process.kill('SIGKILL')
      return process.exited
    },
    log: () => process.output(),
    ready,
    get running() {
      return process.running
    },
    exited: process.exited,
  }
}
