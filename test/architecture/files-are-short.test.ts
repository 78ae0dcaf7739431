import { expect, it } from 'vitest'
import { filesBelow, read } from './sources.ts'

const longest = 250

it(`no source file has more than ${longest} lines`, () => {
  const files = ['src', 'bench', 'scripts', 'test'].flatMap(filesBelow)
  const lines = (file: string) => read(file).replace(/\n$/, '').split('\n').length
  expect(files.filter((file) => lines(file) > longest).map((file) => `${file}: ${lines(file)}`)).toEqual([])
})
