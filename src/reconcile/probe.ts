import { request } from 'node:http'
import { connect, isIP } from 'node:net'
import { Failure } from '../core/failure.ts'
import type { Check } from '../core/model.ts'
import type { Engine, Inspected } from '../docker/engine.ts'

/** One attempt of a `dso.rotation.check`: undefined when it succeeded, else why not, in words without the answer. */
export type Attempt = (signal: AbortSignal) => Promise<string | undefined>

/**
 * A check of a container, ready to be tried. It reaches the container's own addresses and nothing else (docs/requirements.md 8):
 * Throws Failure STRATEGY_IMPOSSIBLE for a check by network of a container that has none.
 */
export function probeOf(check: Check, container: Inspected, engine: Pick<Engine, 'exec'>): Attempt {
  if (check.kind === 'exec') {
    return async (signal) => {
      const { exitCode } = await engine.exec(container.id, check.words, signal)
      return exitCode === 0 ? undefined : `its check ended with exit status ${exitCode}`
    }
  }
  const address = addressOf(container)
  if (check.kind === 'tcp') return (signal) => accepts(address, check.port, signal)
  return (signal) => answers(address, check.port, check.path, signal)
}

function addressOf({ name, networkMode, networks }: Inspected): string {
  const own = networkMode === 'host' ? [] : Object.values(networks).filter(isOwnAddress)
  const [first] = own
  if (first !== undefined) return first
  throw new Failure(
    'STRATEGY_IMPOSSIBLE',
    `dso.rotation.check by network needs an address of its own, and ${name} has none (network ${networkMode})`,
    'use dso.rotation.check: exec WORD..., or a health check',
  )
}

/** Never this host's loopback, a metadata service or a group: whatever Docker says a container's address is. */
function isOwnAddress(address: string): boolean {
  if (isIP(address) === 4) return !/^(127|0|169\.254|22[4-9]|23\d)\./.test(address)
  return isIP(address) === 6 && !/^(::1?$|fe[89ab]|ff|fd00:ec2:)/i.test(address)
}

function accepts(host: string, port: number, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, signal })
    const done = (answer: string | undefined) => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('connect', () => done(undefined))
    socket.once('error', (error) => done(refusal('tcp', port, error)))
  })
}

function answers(host: string, port: number, path: string, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve) => {
    const asked = request({ host, port, path, signal, agent: false, headers: { connection: 'close' } }, (answer) => {
      answer.destroy()
      const { statusCode = 0 } = answer
      resolve(statusCode >= 200 && statusCode < 300 ? undefined : `its check answered with HTTP status ${statusCode}`)
    })
    asked.once('error', (error) => resolve(refusal('http', port, error)))
    asked.end()
  })
}

function refusal(way: string, port: number, error: Error): string {
  const { code } = error as NodeJS.ErrnoException
  const why = code === 'ABORT_ERR' ? 'did not answer in time' : `could not be reached (${code ?? 'error'})`
  return `its ${way} check of port ${port} ${why}`
}
