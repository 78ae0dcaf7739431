import { describe, expect, it } from 'vitest'
import type { CheckLine } from '../../../src/core/api.ts'
import { type AgentFacts, gatherAgentFacts } from '../../../src/servers/agent-facts.ts'
import { createChecks, judgeAgent } from '../../../src/servers/checks.ts'

const good: AgentFacts = {
  ram: { kind: 'noswap', bytes: 0 },
  swapActive: false,
  swapLimit: undefined,
  memoryLimit: undefined,
  coreFilter: '',
  coreLimit: '0',
  vault: { state: 'ok', identity: 'key: systemd credential' },
  connected: true,
  engineVersion: '28.5.2',
  pluginListed: true,
}

const findings = (facts: Partial<AgentFacts>) => judgeAgent({ ...good, ...facts }).filter(({ state }) => state !== 'ok')
const tmpfs = { kind: 'no swap active', bytes: 0 } as const

describe('judgeAgent', () => {
  it('finds nothing about a good agent', () => expect(findings({})).toEqual([]))

  it.each<[string, Partial<AgentFacts>]>([
    ['tmpfs without swap', { ram: tmpfs }],
    ['swap that the group may not use', { swapActive: true, swapLimit: 0 }],
    ['memory enough', { memoryLimit: 2 ** 30 }],
    ['the oldest engine', { engineVersion: '20.10.24+dfsg1' }],
    ['a key file', { vault: { state: 'ok', identity: 'key: /etc/dso/local.key' } }],
    ['a passphrase', { vault: { state: 'ok', identity: 'passphrase' } }],
  ])('accepts %s', (_, facts) => expect(findings(facts)).toEqual([]))

  it.each<[string, Partial<AgentFacts>, string, CheckLine['state']]>([
    ['ramfs', { ram: { kind: 'ramfs', bytes: 0 } }, 'values in RAM', 'warn'],
    ['swap switched on later', { ram: tmpfs, swapActive: true, swapLimit: 0 }, 'values in RAM', 'fail'],
    ['swap for the agent', { swapActive: true }, 'swap', 'fail'],
    ['swap for a part of the agent', { swapActive: true, swapLimit: 4096 }, 'swap', 'fail'],
    ['cores with memory', { coreFilter: '33' }, 'core dumps', 'fail'],
    ['little memory', { memoryLimit: 2 ** 26 }, 'memory limit', 'warn'],
    ['a locked vault', { vault: { state: 'locked', identity: 'passphrase' } }, 'vault key', 'fail'],
    ['a refused vault', { vault: { state: 'refused', identity: 'key', message: 'flipped' } }, 'vault key', 'fail'],
    ['no Docker', { engineVersion: undefined }, 'docker engine', 'fail'],
    ['an old engine', { engineVersion: '19.03.15' }, 'docker engine', 'fail'],
    ['a plugin that dockerd does not know', { pluginListed: false }, 'docker plugin', 'fail'],
    ['a plugin of which nothing is known', { pluginListed: undefined }, 'docker plugin', 'warn'],
    ['lost events', { connected: false }, 'docker events', 'fail'],
  ])('finds %s and says what to do', (_, facts, name, state) => {
    expect(findings(facts)).toEqual([expect.objectContaining({ name, state, remedy: expect.stringMatching(/./) })])
  })
})

describe('gatherAgentFacts', () => {
  const needs = (volumes: readonly string[]) => ({
    engine: {
      version: async () => ({ version: '20.10.24', apiVersion: '1.41' }),
      json: async (path: string) => (path === '/info' ? { Plugins: { Volume: volumes } } : {}),
    },
    ram: () => tmpfs,
    vault: () => good.vault,
    connected: () => true,
  })
  const signal = new AbortController().signal

  it('reads this process and asks Docker', async () => {
    const facts = await gatherAgentFacts(needs(['dso', 'local']), signal)
    expect(facts).toMatchObject({
      engineVersion: '20.10.24',
      pluginListed: true,
      coreFilter: expect.stringMatching(/^[0-9a-f]*$/),
    })
    expect(facts.coreLimit).toMatch(/^(unlimited|\d+)$/)
  })

  it('takes a Docker that does not answer for a finding', async () => {
    const engine = { version: () => Promise.reject(new Error()), json: () => Promise.reject(new Error()) }
    const lines = await createChecks({ ...needs([]), engine })(signal)
    expect(lines.filter(({ state }) => state !== 'ok').map(({ name }) => name)).toEqual(
      expect.arrayContaining(['docker engine', 'docker plugin']),
    )
  })
})
