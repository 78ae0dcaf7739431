import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DockerFlags } from './argv.ts'
import { Usage } from './command.ts'

type Env = Readonly<Record<string, string | undefined>>

interface Found {
  readonly host?: string | undefined
  readonly from: string
}

/**
 * DSO acts on this host alone. Whatever docker would talk to (-H, --context, DOCKER_HOST, DOCKER_CONTEXT, the
 * configuration's currentContext, in this order) must be a socket of this host; throws Usage where it is not.
 */
export async function refuseRemote(docker: DockerFlags, env: Env): Promise<void> {
  const config = docker.config ?? env['DOCKER_CONFIG'] ?? join(env['HOME'] ?? '/root', '.docker')
  const { host, from } = await engineOf(docker, env, config)
  if (host === undefined || host === '' || /^(unix:\/\/|fd:\/\/|\/)/.test(host)) return
  throw new Usage(
    `dso: ${from} is another host (${host.replace(/^(\w+:\/\/)[^@/]*@/, '$1')}): dso acts only on the host it runs on: log in there, or give --context default`,
  )
}

async function engineOf(docker: DockerFlags, env: Env, config: string): Promise<Found> {
  if (docker.host !== undefined) return { host: docker.host, from: '--host' }
  if (docker.context !== undefined) return named(docker.context, config)
  const host = env['DOCKER_HOST']
  if (host !== undefined && host !== '') return { host, from: 'DOCKER_HOST' }
  const context = env['DOCKER_CONTEXT']
  if (context !== undefined && context !== '') return named(context, config)
  const current = (read(join(config, 'config.json')) as { currentContext?: unknown } | undefined)?.currentContext
  return typeof current === 'string' && current !== '' ? named(current, config) : { from: 'default' }
}

async function named(context: string, config: string): Promise<Found> {
  const from = `the docker context ${context}`
  if (context === 'default') return { from }
  // Few have contexts: the module costs milliseconds that every command would wait for.
  const { createHash } = await import('node:crypto')
  const folder = createHash('sha256').update(context).digest('hex')
  const meta = read(join(config, 'contexts', 'meta', folder, 'meta.json'))
  const host = (meta as { Endpoints?: { docker?: { Host?: unknown } } } | undefined)?.Endpoints?.docker?.Host
  if (typeof host === 'string') return { host, from }
  throw new Usage(`dso: ${from} cannot be read in ${config}: see docker context ls`)
}

function read(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}
