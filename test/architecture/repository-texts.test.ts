import { execFileSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { failures } from '../../src/core/failure.ts'
import { read, repository } from './sources.ts'

/** Texts under version control. */
const files = execFileSync('git', ['ls-files', '--cached'], {
  cwd: repository,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '' && existsSync(join(repository, file)) && statSync(join(repository, file)).isFile())
const pages = files.filter((file) => file.endsWith('.md'))
const self = 'test/architecture/repository-texts.test.ts'

/** Made so that this file does not find itself. */
const words = (...parts: readonly string[]) => new RegExp(parts.join(''), 'i')
const unwanted = {
  'a registry': words(
    'registry\\.',
    'npmjs|',
    'registry\\.',
    'yarnpkg|',
    'files\\.',
    'pythonhosted|deb\\.',
    'debian\\.org',
  ),
  'a path of one machine': words('(^|[\\s"\'`(=:,])/(', 'home/[a-z]+/|Users/[a-z]+/|work/', ')'),
}

describe('texts of the repository', () => {
  for (const [what, pattern] of Object.entries(unwanted)) {
    it(`do not name ${what}`, () => {
      const strays = files
        .filter((file) => file !== self)
        .flatMap((file) =>
          read(file)
            .split('\n')
            .flatMap((line, index) =>
              pattern.test(line) ? [`${file}:${index + 1}: ${line.trim().slice(0, 100)}`] : [],
            ),
        )
      expect(strays).toEqual([])
    })
  }

  it('link only to what is there', () => {
    const strays = pages.flatMap((page) =>
      [...read(page).matchAll(/\]\(([^)\s]+)\)/g)]
        .map((match) => match[1] ?? '')
        .filter((link) => !/^[a-z]+:/.test(link) && !reaches(page, link))
        .map((link) => `${page}: ${link}`),
    )
    expect(strays).toEqual([])
  })

  it('explain every failure under a heading of its own', () => {
    const headings = new Set(
      read('docs/errors.md')
        .match(/^#+ +`?[A-Z_]+`?/gm)
        ?.map((line) => line.replace(/[#` ]/g, '')),
    )
    expect(Object.keys(failures).filter((code) => !headings.has(code))).toEqual([])
  })
})

/** Whether a relative link, with its fragment, leads to a file and a heading of it. */
function reaches(page: string, link: string): boolean {
  const [path = '', fragment] = link.split('#')
  const target = path === '' ? page : join(dirname(page), path)
  if (!existsSync(join(repository, target))) return false
  if (fragment === undefined) return true
  const headings = read(target).match(/^#+ .*$/gm) ?? []
  return headings.some((heading) => anchor(heading) === fragment)
}

const anchor = (heading: string): string =>
  heading
    .replace(/^#+ /, '')
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')
