import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { walk } from '../../../src/scan/walk.ts'

test('folders nested beyond reason are told, not followed: each would hold a file descriptor', async () => {
  const top = mkdtempSync(join(tmpdir(), 'dso-walk-'))
  const deep = join(top, ...Array.from({ length: 400 }, () => 'd'))
  mkdirSync(deep, { recursive: true })
  for (const folder of [top, deep]) writeFileSync(join(folder, 'file'), 'x')
  const unread: string[] = []
  const found: string[] = []
  try {
    for await (const { path } of walk(top, (_, { code }) => unread.push(String(code)))) found.push(path)
  } finally {
    rmSync(top, { recursive: true })
  }
  expect(found).toEqual([join(top, 'file')])
  expect(unread).toEqual(['more than 200 folders deep'])
})
