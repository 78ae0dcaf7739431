import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { swapFiles, tidyLinks } from '../../../src/delivery/atomic-directory.ts'
import { Secret } from '../../../src/store/secret.ts'
import { contentOf, file } from './scene.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'dso-swap-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

const swap = (files: Parameters<typeof swapFiles>[1]) => swapFiles(directory, files, () => {})

describe('a swap', () => {
  test('shows exactly the set, its links, and keeps the directory it replaced', () => {
    const first = swap([file('a', '1'), file('b', '2')])
    const second = swap([file('b', '3'), file('.c', '4')])
    expect(contentOf(directory)).toEqual({ b: '3', '.c': '4' })
    expect(second.replaced).toBe(first.name)
    expect(readFileSync(join(directory, first.name, 'a'), 'utf8')).toBe('1')
    expect(readlinkSync(join(directory, 'b'))).toBe('..data/b')
  })

  test('of an equal set writes nothing; a mode or owner counts', () => {
    const { name } = swap([file('a', '1')])
    expect(swap([file('a', '1')])).toEqual({ name, changed: false })
    expect(swap([file('a', '1', { mode: 0o400 })]).changed).toBe(true)
    expect(swap([file('a', '1', { mode: 0o400, uid: 7 })]).changed).toBe(true)
  })

  test('to nothing leaves a directory that is not empty', () => {
    swap([file('a', '1')])
    swap([])
    expect(contentOf(directory)).toEqual({})
    expect(readdirSync(join(directory, '..data'))).toEqual([])
  })

  test('refuses every name that is no file of its own', () => {
    for (const name of ['', '.', '..', '..data', '..env', 'a/b', '/a', 'a\0', 'a\nb', 'é', 'x'.repeat(256)]) {
      expect(() => swap([file(name, '1')]), JSON.stringify(name)).toThrow(TypeError)
    }
    expect(() => swap([file('a', '1'), file('a', '2')])).toThrow(TypeError)
    expect(readdirSync(directory)).toEqual([])
  })

  test('notes what the directory holds before anyone sees it', () => {
    swap([file('a', '1')])
    const before = readlinkSync(join(directory, '..data'))
    swapFiles(directory, [file('a', '2')], (name) => {
      expect(name).not.toBe(before)
      expect(readlinkSync(join(directory, '..data'))).toBe(before)
    })
  })

  test('that fails leaves the old set and nothing of the new', () => {
    swap([file('a', '1')])
    const before = readdirSync(directory)
    const fail = () => {
      throw new Error('no room')
    }
    expect(() => swapFiles(directory, [file('b', '2')], fail)).toThrow('no room')
    expect(readdirSync(directory)).toEqual(before)
  })

  test('any bytes under any names come back exactly', () => {
    const name = fc.stringMatching(/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,20}$/)
    const sets = fc.uniqueArray(fc.tuple(name, fc.uint8Array({ maxLength: 200 })), {
      selector: ([one]) => one,
      maxLength: 6,
    })
    fc.assert(
      fc.property(sets, (set) => {
        swap(set.map(([one, bytes]) => ({ ...file(one, ''), bytes: new Secret(bytes) })))
        const shown = readdirSync(directory).filter((one) => !one.startsWith('..'))
        expect(shown.sort()).toEqual(set.map(([one]) => one).sort())
        for (const [one, bytes] of set) expect(readFileSync(join(directory, one)).equals(bytes)).toBe(true)
      }),
      { numRuns: 50 },
    )
  })
})

describe('a crash', () => {
  const child = fileURLToPath(new URL('swap-child.ts', import.meta.url))
  const run = (set: string, at: string) =>
    spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', child, directory, set], {
      env: { ...process.env, DSO_CRASH_AT: at },
      encoding: 'utf8',
    })

  test.each([1, 2, 3, 4, 5, 6, 7, 8, 9])(
    'after step mark %i leaves one whole set, and the next swap mends the rest',
    (step) => {
      expect(run('old', '').status).toBe(0)
      expect(run('new', `swap.${step}`).signal).toBe('SIGKILL')
      const set = step < 8 ? 'old' : 'new'
      expect(readFileSync(join(directory, '..data', 'a'), 'utf8')).toBe(set)
      expect(readFileSync(join(directory, 'b'), 'utf8')).toBe(set)
      expect(readFileSync(join(directory, set), 'utf8')).toBe(set)
      tidyLinks(directory)
      expect(contentOf(directory)).toEqual({ a: set, b: set, [set]: set })
      expect(run('new', '').status).toBe(0)
      expect(contentOf(directory)).toEqual({ a: 'new', b: 'new', new: 'new' })
    },
  )
})

test('readers in between see one whole set or the other', { timeout: 20_000 }, async () => {
  const both = (text: string) => [file('a', text), file('b', text)]
  swap(both('0'))
  // Each reader opens ..data once, as a careful application does, and reads all files through it.
  const source = `
    const { workerData, parentPort } = require('node:worker_threads'); const fs = require('node:fs')
    let reads = 0, bad = 0; const until = Date.now() + 1500
    while (Date.now() < until) {
      try {
        const at = fs.realpathSync(workerData + '/..data')
        const [a, b] = ['a', 'b'].map((name) => fs.readFileSync(at + '/' + name, 'utf8'))
        if (a !== b || a === '') bad++
      } catch { bad++ }
      reads++
    }
    parentPort.postMessage({ reads, bad })`
  const readers = [1, 2].map(() => new Worker(source, { eval: true, workerData: directory }))
  const ended = Promise.all(
    readers.map((reader) => new Promise<{ reads: number; bad: number }>((resolve) => reader.once('message', resolve))),
  )
  let going = true
  void ended.then(() => {
    going = false
  })
  let swaps = 0
  for (; going; swaps += 1) {
    swap(both(`${swaps}`))
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  for (const { reads, bad } of await ended) {
    expect(reads).toBeGreaterThan(100)
    expect(bad).toBe(0)
  }
  expect(swaps).toBeGreaterThan(50)
})
