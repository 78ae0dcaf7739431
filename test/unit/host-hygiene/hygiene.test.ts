import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { refuseOptions, refuseVariables, UnsafeProcess } from '../../../src/host/hygiene.ts'

const holder = fileURLToPath(new URL('holder.ts', import.meta.url))

describe('protectProcess', () => {
  it('writes 0 to the coredump filter and makes files of the agent private', async () => {
    const child = await holding('guarded', [])
    expect(readFileSync(`/proc/${child.pid}/coredump_filter`, 'utf8').trim()).toBe('00000000')
    expect(readFileSync(`/proc/${child.pid}/status`, 'utf8')).toMatch(/^Umask:\s*0077$/m)
    await child.end()
  })

  it.each([
    ['guarded', [], 0],
    ['guarded', ['--disable-sigusr1'], 0],
    ['plain', [], 1],
    ['plain', ['--disable-sigusr1'], 0],
  ] as const)('after SIGUSR1 a %s process with %j listens on %i ports', async (kind, flags, ports) => {
    const child = await holding(kind, flags)
    process.kill(child.pid, 'SIGUSR1')
    await until(() => listening(child.pid) === ports, ports === 0 ? 600 : 5000)
    expect(listening(child.pid)).toBe(ports)
    await child.end()
  })

  it.each([
    ['--inspect=0'],
    ['--heapsnapshot-signal=SIGUSR2'],
    ['--report-on-signal'],
    ['--report-uncaught-exception'],
    ['--tls-keylog=/dev/null'],
  ])('ends a process that was started with %s', async (flag) => {
    const { code, said, left } = await run([flag], {})
    expect(code).not.toBe(0)
    expect(left).toEqual([])
    expect(said).toContain(`Node was started with ${flag.split('=')[0]}, which can make values visible`)
  })

  it('ends a process by an error that nobody caught without its message, cause or properties', async () => {
    const { code, said } = await run([], {}, 'throwing')
    expect(code).toBe(1)
    expect(said).toMatch(/^dso: unexpected: SyntaxError\n +at .*holder\.ts/)
    expect(said).not.toContain('something')
  })

  it('ends a process whose NODE_OPTIONS open a debugger', async () => {
    const { code, said } = await run([], { NODE_OPTIONS: '--inspect=0' })
    expect(code).not.toBe(0)
    expect(said).toContain('NODE_OPTIONS is set')
  })
})

describe('refusals', () => {
  it('name the variable and not what it holds', () => {
    expect(() => refuseVariables({ NODE_OPTIONS: '--require /x/hunter2' })).toThrow(UnsafeProcess)
    expect(() => refuseVariables({ NODE_OPTIONS: '--require /x/hunter2' })).not.toThrow(/hunter2/)
  })

  it('let an empty variable and harmless options pass', () => {
    refuseVariables({ NODE_OPTIONS: '', PATH: '/bin' })
    refuseOptions(['--disable-sigusr1', '--no-warnings', '--max-old-space-size=64', '--preserve-symlinks'])
  })

  it('know options by either spelling', () => {
    for (const option of [
      '--inspect-brk',
      '--inspect_wait=1',
      '--heap-prof',
      '--heapsnapshot-near-heap-limit=1',
      '--cpu-prof',
      '--prof',
    ])
      expect(() => refuseOptions([option]), option).toThrow(UnsafeProcess)
  })
})

/** How many TCP sockets a process listens on. */
function listening(pid: number): number {
  const open = new Set(
    readdirSync(`/proc/${pid}/fd`).map((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`)
      } catch {
        return ''
      }
    }),
  )
  const rows = ['tcp', 'tcp6'].flatMap((name) => readFileSync(`/proc/${pid}/net/${name}`, 'utf8').split('\n').slice(1))
  return rows
    .map((row) => row.trim().split(/\s+/))
    .filter((cells) => cells[3] === '0A' && open.has(`socket:[${cells[9]}]`)).length
}

async function until(reached: () => boolean, ms: number): Promise<void> {
  const end = performance.now() + ms
  const wantsNothing = ms < 1000
  while (performance.now() < end && (wantsNothing || !reached()))
    await new Promise((resolve) => setTimeout(resolve, 50))
}

async function holding(kind: string, flags: readonly string[]) {
  const child = spawn(process.execPath, [...flags, holder, kind], { stdio: ['pipe', 'pipe', 'ignore'] })
  child.stdin.end('something')
  await once(child.stdout, 'data')
  const end = async () => {
    const closed = once(child, 'close')
    child.kill('SIGKILL')
    await closed
  }
  return { pid: child.pid ?? -1, end }
}

/** Ends by itself; `left` are the files that it left where it worked. */
async function run(flags: readonly string[], env: Record<string, string>, ...words: string[]) {
  const cwd = mkdtempSync(join(tmpdir(), 'dso-hygiene-'))
  const child = spawn(process.execPath, [...flags, holder, 'guarded', ...words], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['pipe', 'ignore', 'pipe'],
  })
  child.stdin.end('something')
  let said = ''
  child.stderr.on('data', (bytes: Buffer) => {
    said += bytes.toString()
  })
  const [code] = await once(child, 'close')
  const left = readdirSync(cwd)
  rmSync(cwd, { recursive: true })
  return { code: code as number | null, said, left }
}
