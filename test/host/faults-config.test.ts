import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Agent, eventually, type Lab, openLab } from '../lab/lab.ts'
import { engine, withSecrets } from './stage.ts'

/** Configurations that are none, and what is said of each. */
const wrong: readonly (readonly [what: string, text: string, said: RegExp])[] = [
  ['a key that does not exist', 'delivery:\n  default_mod: "0400"\n', /line 2, column 3: .*default_mode/],
  ['a key that stands twice', 'log: {level: info}\nlog: {level: warn}\n', /line 2, column 1: /],
  ['a tab', 'delivery:\n\tsize: 1MiB\n', /line 2, column 1: /],
  ['a wrong type', 'delivery: {size: [1]}\n', /line 1, column 12: /],
  ['no YAML', 'delivery: {size: "1\n', /line \d+, column \d+: /],
  ['a value out of range', 'local: {keep_versions: 0}\n', /line 1, column 9: /],
  ['aliases that multiply', bomb(), /line \d+, column \d+: /],
  ['a key of a later version', 'grants: []\nmetrics: {listen: "127.0.0.1:1"}\n', /not in this version/],
  ['bytes that are no UTF-8', 'log: {level: "\u00ff"}\n', /not UTF-8/],
]

let lab: Lab
let agent: Agent
beforeEach(async () => {
  lab = await openLab({ engine })
  write('delivery: {default_mode: "0400"}\n')
})
afterEach(() => lab?.close())

const write = (text: string | Buffer) => lab.write('/etc/dso/dso.yaml', text)

/** The mode of a delivered file tells which configuration is in force. */
async function modeNow(): Promise<string> {
  const asks = withSecrets('probe', { 'secret.x': 'dso://local/x' })
  return lab.docker('run', '--rm', '--network', 'none', ...asks, 'box', 'stat', '-L', '-c', '%a', '/run/secrets/x')
}

/** What the agent has said since it had said `before`. */
const since = (before: number) => agent.log().slice(before)

describe('dso.yaml changes under a running agent', () => {
  test('a wrong one changes nothing and is told with its place; the next right one is in force', async () => {
    agent = await lab.startAgent()
    await lab.dso('secret', 'set', 'x', { input: 'x' })
    expect(await modeNow()).toBe('400')
    for (const [what, text, said] of wrong) {
      const before = agent.log().length
      write(what.includes('UTF-8') ? Buffer.from(text, 'latin1') : text)
      await eventually(() => since(before).includes('config.refused'), { what: `refusal of ${what}` })
      expect(since(before), what).toMatch(said)
      expect(since(before), what).toMatch(/\[BAD_CONFIG\]/)
    }
    expect(await modeNow()).toBe('400')
    const before = agent.log().length
    await lab.run(['sh', '-c', 'head -c 52428800 /dev/zero | tr "\\0" "#" > /etc/dso/dso.yaml'])
    await eventually(() => since(before).includes('config.refused'), { what: 'refusal of 50 MB' })
    expect(since(before)).toMatch(/larger than 1 MiB/)
    expect((await lab.dso('status')).length).toBeGreaterThan(0)
    expect(await modeNow()).toBe('400')
    write('delivery: {default_mode: "0440"}\n')
    await eventually(async () => (await modeNow()) === '440', { what: 'the right configuration' })
  })

  test('one that others may write is not taken', async () => {
    agent = await lab.startAgent()
    await lab.dso('secret', 'set', 'x', { input: 'x' })
    lab.write('/etc/dso/dso.yaml', 'delivery: {default_mode: "0444"}\n', 0o666)
    await eventually(() => agent.log().includes('others than root may write /etc/dso/dso.yaml'))
    expect(await modeNow()).toBe('400')
  })

  test('a wrong one at the start serves no start', async () => {
    write('delivry: {}\n')
    const ended = await lab.tryDso('agent')
    expect(ended.code).toBe(2)
    expect(ended.stderr).toMatch(/^dso: \/etc\/dso\/dso\.yaml: line 1, column 1: .*delivery.* \[BAD_CONFIG\]$/m)
  })
})

/** Nine levels of nine aliases each: half a billion nodes from a few hundred bytes. */
function bomb(): string {
  const levels = Array.from({ length: 9 }, (_, at) => {
    const inner = at === 0 ? '"x"' : `*l${at - 1}`
    return `l${at}: &l${at} [${Array.from({ length: 9 }, () => inner).join(', ')}]`
  })
  return `${levels.join('\n')}\n`
}
