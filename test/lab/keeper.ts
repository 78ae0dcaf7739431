/**
 * The keeper of one lab, a process of its own outside the lab: it makes the namespaces, says where they are in one
 * line of JSON, passes lines on to and from the lab's holder, and when its standard input ends (the test closed the
 * lab, or died in any way) it clears everything away. Usage: node keeper.ts '{"engine":"debian","keep":["/a/folder"]}'
 */
import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import type { EngineName } from './engines.ts'
import { clear, identify, type LabRecord, labPrefix, labsFolder, mountNamespace } from './leftovers.ts'
import { holdScript, labEnvironment, setupScript } from './namespaces.ts'

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGPIPE'] as const) process.on(signal, () => {})
// Whoever reads the output may be gone; the clearing goes on.
process.stdout.on('error', () => {})
process.stderr.on('error', () => {})

const { keep, engine } = JSON.parse(process.argv[2] ?? '') as { keep: string[]; engine: EngineName }
const folder = mkdtempSync(`${labsFolder}/${labPrefix}`)
chmodSync(folder, 0o700)
const id = basename(folder).slice(labPrefix.length)
const cgroup = `dso-lab-${id}`

const dockerd = ['dockerd', '--cgroup-parent', `/${cgroup}`, '--exec-opt', 'native.cgroupdriver=cgroupfs']
const script = `${setupScript(folder, keep)}\ncd /\n${holdScript(folder, engine, dockerd)}`
const isolation = ['--mount', '--net', '--uts', '--ipc', '--propagation', 'private']
const holder = spawn('unshare', [...isolation, '--', 'sh', '-c', script], {
  stdio: 'pipe',
  env: labEnvironment(engine, id),
  detached: true,
})

let record: LabRecord | undefined
let complaints = ''
holder.stdin.on('error', () => {})
holder.stderr.on('data', (chunk: Buffer) => {
  complaints += chunk.toString()
})
holder.once('exit', (code) => {
  if (record) return
  rmSync(folder, { recursive: true, force: true })
  process.stderr.write(`the lab could not be set up (exit ${code}): ${complaints}\n`, () => process.exit(1))
})

holder.stdout.once('data', () => {
  const pid = holder.pid ?? -1
  const [self, held] = [identify(process.pid), identify(pid)]
  if (!self || !held) throw new Error('the holder is gone')
  record = { id, folder, keeper: self, holder: held, namespace: mountNamespace(pid), cgroup }
  writeFileSync(`${folder}/lab.json`, JSON.stringify(record))
  process.stdout.write(`${JSON.stringify(record)}\n`)
  holder.stdout.pipe(process.stdout)
  process.stdin.pipe(holder.stdin, { end: false })
})

process.stdin.resume()
process.stdin.once('close', async () => {
  try {
    if (record) await clear(record)
    else holder.kill('SIGKILL')
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  } finally {
    if (record) process.exit()
  }
})
