import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const holder = fileURLToPath(new URL('holder.ts', import.meta.url))
const pattern = '/proc/sys/kernel/core_pattern'

describe('a process that was killed with a core dump', () => {
  const folder = mkdtempSync(join(tmpdir(), 'dso-core-'))
  const found = readFileSync(pattern, 'utf8')
  // Another run of this test may be under way: its pattern is nothing to go back to.
  const before = found.includes('dso-core-') ? 'core' : found
  const catcher = join(folder, 'catch')

  beforeAll(() => {
    writeFileSync(
      catcher,
      `#!/bin/sh\ncat > ${folder}/piped.$1.part && mv ${folder}/piped.$1.part ${folder}/piped.$1\n`,
    )
    chmodSync(catcher, 0o755)
  })
  afterAll(() => {
    writeFileSync(pattern, before)
    rmSync(folder, { recursive: true })
  })

  for (const way of ['file', 'pipe'] as const) {
    it(`leaves no value in a core that goes to a ${way}`, async () => {
      writeFileSync(pattern, way === 'file' ? `${folder}/file.%p` : `|${catcher} %p`)
      const canary = `canary-${randomBytes(24).toString('hex')}`
      const plain = await coreOf('plain', canary, way)
      const guarded = await coreOf('guarded', canary, way)
      expect(plain.includes(canary)).toBe(true)
      expect(guarded.includes(canary)).toBe(false)
      expect(guarded.length).toBeLessThan(1024 * 1024)
    })
  }

  /** RLIMIT_CORE is 0 for the pipe: it counts for nothing there, which is the point. */
  async function coreOf(kind: 'plain' | 'guarded', canary: string, way: 'file' | 'pipe'): Promise<Buffer> {
    const limit = way === 'file' ? 'unlimited' : '0'
    const child = spawn('sh', ['-c', `ulimit -c ${limit}; exec "$0" "$@"`, process.execPath, holder, kind], {
      stdio: ['pipe', 'pipe', 'inherit'],
      cwd: folder,
    })
    child.stdin.end(canary)
    await once(child.stdout, 'data')
    await killed(child, kind === 'plain' ? 'SIGABRT' : 'SIGSEGV')
    const file = join(folder, `${way === 'file' ? 'file' : 'piped'}.${child.pid}`)
    const core = await whole(file)
    rmSync(file)
    return core
  }

  async function whole(file: string): Promise<Buffer> {
    for (let tries = 0; tries < 200; tries++) {
      if (statSync(file, { throwIfNoEntry: false })) return readFileSync(file)
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
    throw new Error(`no core dump: ${readdirSync(folder)}`)
  }
})

async function killed(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const ended = once(child, 'close')
  child.kill(signal)
  await ended
}
