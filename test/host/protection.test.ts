import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CheckLine } from '../../src/core/api.ts'
import { eventually, type Lab, openLab, product } from '../lab/lab.ts'
import { engine, withSecrets } from './stage.ts'

const pattern = '/proc/sys/kernel/core_pattern'
const canary = `canary-${randomBytes(18).toString('hex')}`

/** Run in /root with core dumps of any size. */
const dumping = (...argv: readonly string[]) => ['sh', '-c', 'cd /root; ulimit -c unlimited; exec "$@"', 'sh', ...argv]

describe(`the agent and the command line on the engine ${engine}`, () => {
  const before = readFileSync(pattern, 'utf8')
  // The pattern is the machine's, and the tests of the other engine may run beside these: it is left alone if it will do.
  const isRelative = before.startsWith('core')
  let lab: Lab

  beforeAll(async () => {
    if (!isRelative) writeFileSync(pattern, 'core')
    lab = await openLab({ engine })
  })
  afterAll(async () => {
    if (!isRelative) writeFileSync(pattern, before)
    await lab?.close()
  })

  const cores = () => readdirSync(lab.path('/root')).filter((name) => /^core(\.\d+)?$/.test(name))
  const coreOf = async () => {
    const name = await eventually(() => cores()[0], { what: 'a core dump' })
    const core = await eventually(() => readFileSync(lab.path(`/root/${name}`)), { what: name })
    rmSync(lab.path(`/root/${name}`))
    return core
  }

  it('the agent, killed with a value in its memory, leaves none in its core dump and opens no debugger', async () => {
    const agent = await lab.startAgent({ argv: dumping(...product, 'agent') })
    await lab.dso('secret', 'set', 'canary', { input: canary })
    await lab.docker(
      'run',
      '-d',
      '--name',
      'held',
      ...withSecrets('held', { 'secret.x': 'dso://local/canary' }),
      'box',
      'sleep',
      '1000',
    )
    process.kill(agent.pid, 'SIGUSR1')
    await agent.ready()
    const listening = readFileSync(`/proc/${agent.pid}/net/tcp`, 'utf8')
      .split('\n')
      .filter((row) => / 0A /.test(row))
    expect(listening).toEqual([])
    process.kill(agent.pid, 'SIGSEGV')
    await agent.exited
    expect((await coreOf()).includes(canary)).toBe(false)
    expect(agent.log()).not.toContain(canary)
  })

  it('a command that was given a value leaves none either', async () => {
    const command = lab.spawn(dumping(...product, 'secret', 'set', 'other'))
    await eventually(() => readFileSync(`/proc/${command.pid}/coredump_filter`, 'utf8').startsWith('00000000'), {
      what: 'protection',
    })
    command.write(canary)
    await new Promise((resolve) => setTimeout(resolve, 200))
    process.kill(command.pid, 'SIGABRT')
    await command.exited
    expect((await coreOf()).includes(canary)).toBe(false)
  })

  it('doctor finds nothing amiss in agent and Docker', async () => {
    const agent = await lab.startAgent()
    const lines = JSON.parse((await lab.tryDso('doctor', '--json')).stdout) as CheckLine[]
    const stateOf = (name: string) => lines.find((line) => line.name === name)?.state
    for (const name of [
      'agent',
      'docker',
      'clock',
      'vault key',
      'core dumps',
      'docker engine',
      'docker plugin',
      'docker events',
      'values in RAM',
    ])
      expect(stateOf(name), `${name}: ${JSON.stringify(lines)}`).toBe('ok')
    for (const name of ['socket status', 'socket control', 'socket root', 'socket plugin'])
      expect(stateOf(name), name).toBe('ok')
    await agent.stop()
    const without = await lab.tryDso('doctor', '--json')
    expect(without.code).toBe(8)
    expect((JSON.parse(without.stdout) as CheckLine[]).find(({ name }) => name === 'agent')?.state).toBe('fail')
  })

  it('scan counts what was delivered and finds the value nowhere else', async () => {
    const agent = await lab.startAgent()
    const clean = await lab.tryDso('scan')
    expect(`${clean.stdout}${clean.stderr}`).not.toContain(canary)
    expect(clean.stdout).toMatch(/no value found where none may lie \([1-9]\d* deliver/)
    expect(clean.code).toBe(0)
    lab.write('/var/log/leak', canary)
    const leaky = await lab.tryDso('scan')
    expect(leaky.stdout).toContain('FOUND dso://local/canary (as it is) in /var/log/leak')
    expect(leaky.code).toBe(8)
    await agent.stop()
  })
})
