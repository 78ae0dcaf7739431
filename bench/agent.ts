import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import type { Bench } from './figure.ts'

const connections = new Agent({ keepAlive: true, maxSockets: 64 })

/** Sets one value over root.sock as the CLI does; resolves when the agent has answered. */
export function setSecret({ lab }: Bench, reference: string, value: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const path = `/v1/secret?ref=${encodeURIComponent(reference)}`
  const call = request(
    { socketPath: lab.path('/run/dso/root.sock'), path, method: 'PUT', agent: connections },
    (answer) => {
      answer.resume()
      answer.on('end', () => (answer.statusCode === 200 ? resolve() : reject(new Error(`set: ${answer.statusCode}`))))
    },
  )
  call.on('error', reject)
  call.end(value)
  return promise
}

/** Resident memory of the agent, MB. */
export function residentMb(pid: number): number {
  const kb = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kb) / 1024
}

/** Processor time that the agent has used since its start, seconds. */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}
