import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readState, writeState } from '../../../src/host/files.ts'

let folder: string
const told: string[] = []
const problem = (message: string) => void told.push(message)

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dso-files-'))
  told.length = 0
})
afterEach(() => rmSync(folder, { recursive: true }))

test('a state comes back, and many writes at once leave the last', async () => {
  const path = join(folder, 'deep', 'state.json')
  expect(readState(path, problem)).toBeUndefined()
  await Promise.all(Array.from({ length: 20 }, (_, n) => writeState(path, { n })))
  expect(readState(path, problem)).toEqual({ n: 19 })
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(readdirSync(join(folder, 'deep'))).toEqual(['state.json'])
  expect(told).toEqual([])
})

test('a damaged file is moved aside and told', () => {
  const path = join(folder, 'state.json')
  writeFileSync(path, '{"n":')
  expect(readState(path, problem)).toBeUndefined()
  expect(told).toEqual([`${path} is damaged: moved to ${path}.corrupt, going on without it`])
  expect(readFileSync(`${path}.corrupt`, 'utf8')).toBe('{"n":')
})
