import { expect, it } from 'vitest'
import { filesBelow, importsOf } from './sources.ts'

/** Folders whose files count only when an explicit list names them, the list, and what is in the folder but no member. */
const lists = [
  { folder: 'src/cli/commands', list: 'src/cli/commands/index.ts', others: [] },
  { folder: 'src/core/strategies', list: 'src/core/strategies/index.ts', others: ['src/core/strategies/strategy.ts'] },
  { folder: 'src/scan/places', list: 'src/scan/scan.ts', others: ['src/scan/places/place.ts'] },
] as const

it.each(lists)('$list names every file of $folder', ({ folder, list, others }) => {
  const named = new Set([...importsOf(list), list, ...others])
  expect(filesBelow(folder).filter((file) => !named.has(file))).toEqual([])
})
