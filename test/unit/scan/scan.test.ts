import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { ScanLine } from '../../../src/core/api.ts'
import { inspect } from '../../../src/scan/places/inspect.ts'
import type { Place } from '../../../src/scan/places/place.ts'
import { processes } from '../../../src/scan/places/processes.ts'
import { swapListedIn } from '../../../src/scan/places/swap.ts'
import { createScan, places } from '../../../src/scan/scan.ts'
import { Secret } from '../../../src/store/secret.ts'

const value = 'hunter2-and-"more"'
const reference = 'dso://local/shop/db#password'
const folder = mkdtempSync(join(tmpdir(), 'dso-scan-'))
const searched = join(folder, 'searched')

/** dockerd's answers by path; anything else fails. */
const engine = (answers: Record<string, string> = {}) => ({
  stream: async (path: string) => {
    const answer = answers[path]
    if (answer === undefined) throw new Error('no such thing')
    return (async function* () {
      yield Buffer.from(answer)
    })()
  },
})

const tree: Place = { what: 'a folder', search: (looking) => looking.tree('', searched, { unpack: true }) }

async function scanned(of: readonly Place[], answers?: Record<string, string>, expectedDirs: readonly string[] = []) {
  const lines: ScanLine[] = []
  const values = () => [{ reference, value: new Secret(Buffer.from(value)) }]
  await createScan({ engine: engine(answers), values, expectedDirs: () => expectedDirs, places: of })(
    (line) => lines.push(line),
    new AbortController().signal,
  )
  const findings = lines.filter((line) => line.kind === 'finding')
  return { lines, findings, places: findings.map(({ where }) => where), done: lines.at(-1) }
}

const put = (name: string, content: string | Uint8Array) => writeFileSync(join(searched, name), content)

beforeAll(() => mkdirSync(searched))
afterEach(() => {
  rmSync(searched, { recursive: true })
  mkdirSync(searched)
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('scan of files', () => {
  it('finds every form, says where and which, and never the value', async () => {
    put('plain', `x ${value} x`)
    put('base64', Buffer.from(`x${value}x`).toString('base64'))
    put('hex', Buffer.from(value).toString('hex').toUpperCase())
    put('url', encodeURIComponent(value))
    put('json', JSON.stringify({ value }))
    put('clean', 'nothing here')
    const { findings, lines, done } = await scanned([tree])
    expect(
      findings.map(({ where, form, reference: of }) => [where.slice(searched.length + 1), form, of]).sort(),
    ).toEqual([
      ['base64', 'base64', reference],
      ['hex', 'hex', reference],
      ['json', 'JSON-escaped', reference],
      ['plain', 'as it is', reference],
      ['url', 'URL-encoded', reference],
    ])
    expect(done).toMatchObject({ kind: 'done', values: 1, findings: 5, expected: 0 })
    expect(JSON.stringify(lines)).not.toContain('hunter2')
  })

  it('finds a value across the border of two pieces, wherever it is cut', async () => {
    for (const offset of [1, 7, 8, 17])
      put(`at-${offset}`, Buffer.concat([Buffer.alloc(256 * 1024 - offset, '.'), Buffer.from(value)]))
    expect((await scanned([tree])).places).toHaveLength(4)
  })

  it('unpacks what is packed, and says what cannot be unpacked', async () => {
    put('log.1.gz', gzipSync(`a log line with ${value}`))
    put('core.zst', zstdCompressSync(Buffer.from(`memory ${value}`)))
    put('broken.gz', 'this is not gzip')
    const { places: found, lines } = await scanned([tree])
    expect(found).toContain(`${searched}/core.zst (unpacked)`)
    expect(found).toContain(`${searched}/log.1.gz (unpacked)`)
    expect(lines).toContainEqual({ kind: 'note', text: `not searched: ${searched}/broken.gz: Z_DATA_ERROR` })
  })

  it('follows no link and waits for no fifo', async () => {
    const outside = join(folder, 'outside')
    mkdirSync(outside)
    writeFileSync(join(outside, 'file'), value)
    symlinkSync(outside, join(searched, 'folder'))
    symlinkSync(join(outside, 'file'), join(searched, 'file'))
    execFileSync('mkfifo', [join(searched, 'fifo')])
    expect((await scanned([tree])).places).toEqual([])
  })

  it('does not show a file name that holds the value', async () => {
    const name = value.replaceAll('"', '')
    const lines: ScanLine[] = []
    put(name, name)
    const values = () => [{ reference, value: new Secret(Buffer.from(name)) }]
    await createScan({ engine: engine(), values, expectedDirs: () => [], places: [tree] })(
      (line) => lines.push(line),
      new AbortController().signal,
    )
    expect(lines.filter(({ kind }) => kind === 'finding')).toHaveLength(2)
    expect(JSON.stringify(lines)).not.toContain(name)
  })

  it('reads swap raw, and says what it cannot read', async () => {
    put('swap file', Buffer.concat([Buffer.alloc(1 << 20), Buffer.from(value), Buffer.alloc(4096)]))
    const table = join(folder, 'swaps')
    writeFileSync(table, `Filename Type Size\n${searched}/swap\\040file file 1\n${searched}/none partition 1\n`)
    const { places: found, lines } = await scanned([swapListedIn(table)])
    expect(found).toEqual([`swap ${searched}/swap file`])
    expect(lines).toContainEqual({ kind: 'note', text: `not searched: swap ${searched}/none: ENOENT` })
  })

  it('counts deliveries as expected', async () => {
    put('password', value)
    expect((await scanned([], {}, [searched])).done).toMatchObject({ findings: 0, expected: 1 })
  })

  it('shows fifty places of one value and counts the others', async () => {
    for (let number = 0; number < 60; number++) put(`file-${number}`, value)
    const { findings, lines, done } = await scanned([tree])
    expect(findings).toHaveLength(50)
    expect(lines).toContainEqual({ kind: 'note', text: `${reference}: 10 more places, not shown` })
    expect(done).toMatchObject({ findings: 60 })
  })

  it('ends with the reason when it is aborted', async () => {
    put('file', Buffer.alloc(8 << 20))
    const controller = new AbortController()
    const values = () => [{ reference, value: new Secret(Buffer.from(value)) }]
    const scan = createScan({ engine: engine(), values, expectedDirs: () => [], places: [tree] })
    const scanning = scan(() => controller.abort(new Error('enough')), controller.signal)
    await expect(scanning).rejects.toThrow('enough')
  })
})

describe('scan of Docker and processes', () => {
  it('finds a value in what inspect shows', async () => {
    const answers = {
      '/info': '{"DockerRootDir":"/nowhere"}',
      '/containers/json?all=1': '[{"Id":"abc","Names":["/web"]}]',
      '/containers/abc/json': JSON.stringify({ Id: 'abc', Name: '/web', Config: { Env: [`P=${value}`] } }),
      '/images/json?all=1': '[]',
      '/volumes': '{"Volumes":[]}',
      '/networks': '[]',
    }
    expect((await scanned([inspect], answers)).findings).toEqual([
      { kind: 'finding', where: 'docker container inspect web', reference, form: 'JSON-escaped' },
    ])
  })

  it('says which lists Docker did not answer', async () => {
    const { lines } = await scanned([inspect])
    expect(lines).toContainEqual({ kind: 'note', text: 'not searched: docker volume ls: Docker did not answer' })
  })

  it('finds values in arguments and environments', async () => {
    const child: ChildProcess = spawn('sleep', ['60'], {
      env: { SECRET: value },
      stdio: 'ignore',
      argv0: `sleep ${value}`,
    })
    await new Promise((resolve) => setTimeout(resolve, 100))
    const found = (await scanned([processes])).places
    const closed = once(child, 'close')
    child.kill('SIGKILL')
    await closed
    expect(found).toEqual([`arguments of process ${child.pid} (sleep)`, `environment of process ${child.pid} (sleep)`])
  })

  it('has every place of the issue in its list', () => {
    expect(places.map(({ what }) => what)).toEqual([
      'docker inspect',
      "DSO's own files",
      'arguments and environments of processes',
      "dockerd's files and container logs",
      'core dumps',
      'logs',
      'container and image layers',
      'swap',
    ])
  })
})
