import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { currentName, removeGeneration, swapFiles, tidyLinks } from '../../../src/delivery/atomic-directory.ts'
import { contentOf, file } from './scene.ts'

/** A privileged container can make its files writable: what it plants there may harm itself alone. */
let top: string
let directory: string
let elsewhere: string
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'dso-hostile-'))
  directory = join(top, 'files')
  elsewhere = join(top, 'elsewhere')
  for (const path of [directory, elsewhere]) mkdirSync(path)
  writeFileSync(join(elsewhere, 'kept'), 'x')
})
afterEach(() => rmSync(top, { recursive: true }))

const swap = (files: Parameters<typeof swapFiles>[1]) => swapFiles(directory, files, () => {})
const plant = (target: string) => {
  rmSync(join(directory, '..data'), { force: true, recursive: true })
  symlinkSync(target, join(directory, '..data'))
}

describe('a directory that somebody hostile can write', () => {
  test('a link that leads out of it is not taken for ours: nothing there is named, noted or removed', () => {
    for (const target of [
      '..2026_x/../../elsewhere',
      '../elsewhere',
      elsewhere,
      '..2026_11_24_05_47_52.0123456789/../../elsewhere',
    ]) {
      swap([file('kept', '1')])
      plant(target)
      expect(currentName(directory)).toBeUndefined()
      tidyLinks(directory)
      const noted: string[] = []
      const { replaced, name } = swapFiles(directory, [file('kept', 'x')], (at) => noted.push(at))
      expect(replaced).toBeUndefined()
      expect(noted).toEqual([name])
      removeGeneration(directory, target)
      expect(readdirSync(elsewhere)).toEqual(['kept'])
      expect(contentOf(directory)).toEqual({ kept: 'x' })
    }
  })

  test('directories in the places of our links do not stop a swap', () => {
    swap([file('a', '1')])
    rmSync(join(directory, '..data'))
    for (const name of ['..data', '..data_tmp']) mkdirSync(join(directory, name, 'full'), { recursive: true })
    expect(currentName(directory)).toBeUndefined()
    swap([file('a', '2')])
    expect(contentOf(directory)).toEqual({ a: '2' })
  })

  test('a pipe in the place of a file does not keep the comparison waiting', () => {
    const { name } = swap([file('a', '1')])
    const path = join(directory, name, 'a')
    rmSync(path)
    execFileSync('mkfifo', ['-m', '444', path])
    expect(swap([file('a', '1')]).changed).toBe(true)
    expect(contentOf(directory)).toEqual({ a: '1' })
  })

  test('files are written into the directory that was made, wherever a link leads that took its name', () => {
    const { name: before } = swap([file('a', '1')])
    let moved: string | undefined
    const bytes = file('b', '2').bytes
    const meddling = Object.create(bytes, {
      length: { get: () => bytes.length },
      reveal: {
        value: (use: (all: Uint8Array<ArrayBuffer>) => unknown) => {
          moved = readdirSync(directory).find((one) => /^\.\.\d/.test(one) && one !== before)
          renameSync(join(directory, moved!), join(directory, '..away'))
          symlinkSync(elsewhere, join(directory, moved!))
          return bytes.reveal(use)
        },
      },
    }) as typeof bytes
    try {
      swap([file('a', '1', { bytes: meddling }), file('c', 'value')])
    } catch {}
    expect(moved).toBeDefined()
    expect(existsSync(join(elsewhere, 'c'))).toBe(false)
    expect(readFileSync(join(elsewhere, 'kept'), 'utf8')).toBe('x')
    expect(readlinkSync(join(directory, '..data'))).toBeDefined()
  })
})
