import { afterAll, beforeAll, expect, test } from 'vitest'
import { createReaders, type Readers, readersImage } from '../faults/readers.ts'
import { eventually, type Lab, openLab } from '../lab/lab.ts'
import { engine } from './stage.ts'

/** The readers that judge the product see what they are there to see. */
let lab: Lab
let readers: Readers
beforeAll(async () => {
  lab = await openLab({ engine })
  await readersImage(lab)
  readers = createReaders(lab)
  const links = 'for f in a b c d; do ln -s ..data/$f $f; done'
  const prepare = `cd /run/secrets; mkdir ..1; ln -s ..1 ..data; ${put('1', 'a', 'b', 'c', 'd')}; ${links}; exec /app`
  const place = ['--name', 'app', ...readers.mount, '--tmpfs', '/run/secrets']
  await lab.docker('run', '-d', ...place, 'readers', 'sh', '-c', prepare)
  await readers.reading()
})
afterAll(() => lab?.close())

/** A command that writes whole files of one generation. */
const put = (generation: string, ...files: readonly string[]) =>
  files
    .map((file) => `printf 'g${generation}-good-end\\nxx\\ng${generation}-good-end' > /run/secrets/..data/${file}`)
    .join('; ')

const faults: readonly (readonly [what: string, how: string, said: RegExp])[] = [
  ['one file of another set', put('2', 'b'), /set reader: mixed: a holds g1-good-end, b holds g2-good-end/],
  ['an empty file', ': > /run/secrets/..data/c', /file reader: .*c holds ''/],
  ['a missing file', 'rm /run/secrets/..data/d', /file reader: .*d holds ''/],
  ['half a file', "printf 'g1-good-end\\nxx\\ng1-go' > /run/secrets/..data/a", /whole reader: cut: /],
  ['no set at all', 'rm /run/secrets/..data', /set reader: \.\.data is missing/],
]

test('one whole set is nothing to complain of', () => {
  expect(readers.wrong()).toEqual([])
})

test.each(faults)('they notice %s', async (_, how, said) => {
  const before = readers.wrong().length
  await lab.docker('exec', 'app', 'sh', '-c', how)
  await eventually(() =>
    readers
      .wrong()
      .slice(before)
      .some((line) => said.test(line)),
  )
  await lab.docker('exec', 'app', 'sh', '-c', `ln -sfn ..1 /run/secrets/..data; ${put('1', 'a', 'b', 'c', 'd')}`)
})
