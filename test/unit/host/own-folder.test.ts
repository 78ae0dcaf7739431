import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { UnsafeProcess } from '../../../src/host/hygiene.ts'
import { ownFolder } from '../../../src/host/own-folder.ts'

let top: string
let folder: string
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'dso-own-'))
  folder = join(top, 'a', 'folder')
})
afterEach(() => rmSync(top, { recursive: true }))

const modeOf = (path: string) => statSync(path).mode & 0o7777

test('is made closed, left as it is when others cannot write in it, closed when they can', () => {
  ownFolder(folder, 0o700)
  expect(modeOf(folder)).toBe(0o700)
  chmodSync(folder, 0o750)
  ownFolder(folder, 0o700)
  expect(modeOf(folder)).toBe(0o750)
  chmodSync(folder, 0o1777)
  ownFolder(folder, 0o711)
  expect(modeOf(folder)).toBe(0o711)
})

test("somebody else's is refused", () => {
  mkdirSync(folder, { recursive: true })
  chownSync(folder, 65_534, 0)
  expect(() => ownFolder(folder, 0o700)).toThrow(UnsafeProcess)
})
