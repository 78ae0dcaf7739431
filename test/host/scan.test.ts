import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ScanLine } from '../../src/core/api.ts'
import { type EngineName, type Lab, openLab, product } from '../lab/lab.ts'

const script = fileURLToPath(new URL('scan-alone.ts', import.meta.url))
const engine = (process.env['DSO_ENGINE'] ?? 'current') as EngineName

describe(`scan on the engine ${engine}`, () => {
  const canary = `canary/"${randomBytes(18).toString('base64')}"`
  let lab: Lab

  beforeAll(async () => {
    lab = await openLab({ engine })
  })
  afterAll(() => lab?.close())

  const scan = async () => {
    const { stdout, stderr } = await lab.run([product[0] ?? 'node', script], { input: canary, timeoutMs: 60_000 })
    const lines = stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as ScanLine)
    expect(stderr).toBe('')
    expect(stdout).not.toContain(canary)
    const findings = lines.filter((line) => line.kind === 'finding')
    return {
      lines,
      findings,
      done: lines.at(-1),
      forms: (pattern: RegExp) => findings.filter(({ where }) => pattern.test(where)).map(({ form }) => form),
    }
  }

  it('finds nothing on a host that holds nothing, and says what it could not search', async () => {
    await lab.docker('run', '-d', '--name', 'clean', 'box', 'sleep', '1000')
    const { findings, done, lines } = await scan()
    expect(findings).toEqual([])
    expect(done).toMatchObject({ kind: 'done', values: 1, findings: 0 })
    const notes = lines.filter((line) => line.kind === 'note').map(({ text }) => text)
    // A machine may keep the environment of its own first process to itself.
    expect(notes.filter((text) => !text.includes('environment of process 1 '))).toEqual([])
    await lab.docker('rm', '-f', 'clean')
  })

  it('finds what containers, images, logs and dockerd hold', async () => {
    const base64 = Buffer.from(`x${canary}`).toString('base64')
    await lab.docker('run', '-d', '--name', 'env', '-e', `P=${canary}`, 'box', 'sleep', '1000')
    await lab.docker('run', '-d', '--name', 'says', 'box', 'sh', '-c', 'cat >/dev/null; sleep 1000')
    await lab.docker('run', '-i', '--name', 'writes', 'box', 'sh', '-c', 'cat >/kept', { input: base64 })
    await lab.docker('run', '-i', '--name', 'talks', 'box', 'cat', { input: canary })
    lab.write('/root/copied', Buffer.from(canary).toString('hex'))
    await lab.docker('create', '--name', 'stopped', 'box', 'true')
    await lab.docker('cp', '/root/copied', 'stopped:/copied')
    await lab.image('leaky', { files: { '/etc/app.conf': encodeURIComponent(canary) } })
    await lab.docker('run', '-d', '--name', 'runs', 'leaky', 'sleep', '1000')
    await lab.docker('network', 'create', '--label', `p=${canary}`, 'net')
    await lab.docker('volume', 'create', '--label', `p=${canary}`, 'vol')
    lab.write('/var/log/app.log.1.gz', gzipSync(`password=${canary}\n`))
    lab.write('/var/lib/dso/stray', canary)
    lab.write('/etc/docker/notes', canary)
    const { forms, done } = await scan()
    for (const where of [
      /^docker container inspect env$/,
      /^docker network inspect /,
      /^docker volume inspect vol$/,
      /^environment of process \d+ \(sleep\)$/,
      /containers\/[0-9a-f]+\/config\.v2\.json$/,
      /^\/etc\/docker\/notes$/,
      /containers\/[0-9a-f]+\/[0-9a-f]+-json\.log$/,
      /^\/var\/log\/app\.log\.1\.gz \(unpacked\)$/,
      /^\/var\/lib\/dso\/stray$/,
    ]) {
      expect(forms(where), String(where)).not.toEqual([])
    }
    expect(forms(/^layer of container writes: \/kept$/)).toEqual(['base64'])
    expect(forms(/^layer of container stopped: \/copied$/)).toEqual(['hex'])
    expect(forms(/^(image|layer) of container runs: \/etc\/app\.conf$/)).toEqual(['URL-encoded'])
    expect(done).toMatchObject({ kind: 'done' })
  })
})
