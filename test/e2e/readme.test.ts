import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { repository } from '../lab/furnish.ts'
import { type EngineName, eventually, type Lab, openLab } from '../lab/lab.ts'

/** The five-minute path of the README, typed word by word on a real engine. */
const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
const section = readme.slice(readme.indexOf('## Five minutes'), readme.indexOf('## More'))
const blocks = [...section.matchAll(/```sh\n(.*?)```/gs)].map((match) => match[1] ?? '')

let lab: Lab
beforeAll(async () => {
  lab = await openLab({ engine: process.env['DSO_ENGINE'] as EngineName })
  await lab.image('busybox')
})
afterAll(() => lab?.close())

/** One block in a shell as it stands, and what it printed. */
async function typed(block: string | undefined): Promise<string> {
  // Set-up has been done by the command that runs the tests; a second build would pull dist/ from under them.
  const script = (block ?? '').replace('./scripts/setup\n', '')
  // By standard input, as one types: the values in it are in no argument that a scan could find.
  const { code, stdout, stderr } = await lab.run(['bash', '-e'], { input: script, cwd: repository, timeoutMs: 60_000 })
  expect(code, `${script}\n${stdout}\n${stderr}`).toBe(0)
  return stdout + stderr
}

test('the five-minute path does what it says', async () => {
  expect(blocks).toHaveLength(6)
  const [install, put, start, change, scan, tidy] = blocks
  await typed(install)
  await eventually(() => lab.docker('dso', 'status'), { what: 'answer of the agent' })
  expect(await typed(put)).toContain('shop/db')
  const started = await typed(start)
  expect(started).toContain('correct-horse')
  expect(started).toContain('dso://local/shop/db#password')
  const changed = await typed(change)
  expect(changed).toContain('battery-staple')
  expect(changed).toMatch(/^api\s+1\/1\s+1/m)
  await typed(scan)
  await typed(tidy)
  expect(await lab.docker('dso', 'secret', 'list')).not.toContain('shop/db')
  expect(await lab.docker('volume', 'ls', '-q')).toBe('')
})
