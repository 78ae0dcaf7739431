import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Failure } from '../../../src/core/failure.ts'
import { parseReference, pinnedVersion, printReference, readKey, referenceOfKey } from '../../../src/core/reference.ts'
import { reference } from './arbitraries.ts'
import { refusal } from './refusal.ts'

const refused = (text: string): string => refusal(() => parseReference(text))

describe('a reference', () => {
  it('names source, path, version and field', () => {
    expect(parseReference('dso://local/shop/db?version=3#users/0/name')).toEqual({
      source: 'local',
      path: 'shop/db',
      query: [['version', '3']],
      field: ['users', '0', 'name'],
    })
  })

  it('takes an ARN as it is', () => {
    const arn = 'dso://aws/arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop@prod=x#password'
    expect(printReference(parseReference(arn))).toBe(arn)
  })

  it('decodes each name once', () => {
    expect(parseReference('dso://local/100%25/a%3Fb#c%2Fd%252F')).toMatchObject({
      path: '100%/a?b',
      field: ['c/d%2F'],
    })
  })

  it('asks for many by * alone; an encoded * is a name', () => {
    expect(parseReference('dso://local/shop/*')).toMatchObject({ path: 'shop', wildcard: 'children' })
    expect(parseReference('dso://local/shop/db?version=2#*')).toMatchObject({ wildcard: 'fields', field: [] })
    expect(parseReference('dso://local/shop/%2A#%2A')).toEqual({
      source: 'local',
      path: 'shop/*',
      query: [],
      field: ['*'],
    })
  })

  it('has one read for all its fields, and says which version it pins', () => {
    const pinned = parseReference('dso://local/shop/db?version=3#password')
    expect(readKey(pinned)).toBe('dso://local/shop/db?version=3')
    expect(readKey(parseReference('dso://local/shop/db#*'))).toBe('dso://local/shop/db')
    expect(readKey(parseReference('dso://local/shop/*'))).toBe('dso://local/shop/*')
    expect(pinnedVersion(pinned)).toBe('3')
    expect(pinnedVersion(parseReference('dso://local/shop/db'))).toBeUndefined()
  })
})

describe('a reference in another spelling is refused with the right one', () => {
  it.each([
    ['dso://local/shop/db#password?version=3', 'dso://local/shop/db?version=3#password'],
    ['dso://local/shop/d%62', 'dso://local/shop/db'],
    ['dso://local/a%3fb', 'dso://local/a%3Fb'],
    ['dso://local/shop/my db', 'dso://local/shop/my%20db'],
    ['dso://local/100%', 'dso://local/100%25'],
    ['dso://local/shop/db/', 'dso://local/shop/db'],
    ['dso://local//shop//db', 'dso://local/shop/db'],
    ['dso://local/shop/db#', 'dso://local/shop/db'],
    ['dso://local/shop/db#/password', 'dso://local/shop/db#password'],
    ['DSO://Local/shop/db', 'dso://local/shop/db'],
    ['dso://local/shop/db*', 'dso://local/shop/db%2A'],
    ['dso://local/shop/db#a#b', 'dso://local/shop/db#a%23b'],
    ['dso://local/a%40b', 'dso://local/a@b'],
    ['dso://vault/a?version=x&b=c', 'dso://vault/a?b=c&version=x'],
  ])('%s', (text, right) => {
    expect(refused(text)).toBe(
      `dso: ${text} is refused: a reference has only one spelling: write ${right} [BAD_REFERENCE]`,
    )
  })

  it('composes letters', () => {
    expect(refused('dso://local/cafe\u0301')).toContain('write dso://local/caf\\u{e9} ')
  })
})

describe('a reference that means nothing is refused', () => {
  it.each([
    ['local/shop/db', 'does not begin with dso://'],
    ['dso://', 'names no source'],
    ['dso:///shop/db', 'names no source'],
    ['dso://local', 'names no path'],
    ['dso://local/', 'names no path'],
    ['dso://local/*', 'names no path'],
    ['dso://9x/a', 'not a name like local'],
    ['dso://user:pw@local/a', 'not a name like local'],
    ['dso://local/a%2Fb', 'holds a slash'],
    ['dso://local/a\uff0fb', 'holds a slash'],
    ['dso://local/../etc/passwd', 'dot segment'],
    ['dso://local/a/%2e%2e/b', 'dot segment'],
    ['dso://local/a/\uff0e\uff0e/b', 'dot segment'],
    ['dso://local/.', 'dot segment'],
    ['dso://local/a%ff', 'not UTF-8'],
    ['dso://local/a\ud800', 'not valid Unicode'],
    ['dso://local/a?version', 'not name=value'],
    ['dso://local/a?version=', 'not name=value'],
    ['dso://local/a?version=1&version=2', 'one thing twice'],
    ['dso://local/a?version=latest', 'a version of local is a number'],
    ['dso://local/a?version=03', 'a version of local is a number'],
    ['dso://vault/database/creds/web?ttl=1h', 'the parameter ttl is not in this version'],
    ['dso://local/a/*#b', 'neither a query nor a field'],
    ['dso://local/a/*?version=1', 'neither a query nor a field'],
    [`dso://local/${'a'.repeat(1013)}`, 'longer than 1024 bytes'],
  ])('%s', (text, why) => {
    const message = refused(text)
    expect(message).toContain(why)
    expect(message).toMatch(/^dso: [\x20-\x7e]{1,380} \[BAD_REFERENCE\]$/)
  })

  it('takes exactly 1024 bytes', () => {
    expect(parseReference(`dso://local/${'a'.repeat(1012)}`).path).toHaveLength(1012)
  })
})

/** Texts near the grammar: real references with a few letters changed. */
const nearby = fc
  .tuple(reference.map(printReference), fc.nat(), fc.nat(3), fc.string({ unit: 'binary', maxLength: 3 }))
  .map(([text, at, cut, put]) => {
    const place = at % (text.length + 1)
    return text.slice(0, place) + put + text.slice(place + cut)
  })

describe('for every reference', () => {
  it('what is printed is read back as the same', () => {
    fc.assert(
      fc.property(reference, (one) => {
        expect(parseReference(printReference(one))).toEqual(one)
        expect(readKey(referenceOfKey(readKey(one)))).toBe(readKey(one))
      }),
    )
  })

  it('different references have different spellings', () => {
    fc.assert(
      fc.property(reference, reference, (a, b) => {
        if (printReference(a) === printReference(b)) expect(a).toEqual(b)
      }),
    )
  })

  it('no text is read but its one spelling, and a refusal is always a Failure whose advice is accepted', () => {
    fc.assert(
      fc.property(fc.oneof(nearby, fc.string({ unit: 'binary' })), (text) => {
        try {
          expect(printReference(parseReference(text))).toBe(text)
        } catch (error) {
          expect(error).toBeInstanceOf(Failure)
          const advice = /^write (dso:\/\/local\/.*)$/s.exec((error as Failure).remedy)?.[1]
          if (advice !== undefined && !advice.includes('\\u{') && !advice.includes('?'))
            expect(printReference(parseReference(advice))).toBe(advice)
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('nothing read names a dot segment or holds a slash within a name', () => {
    fc.assert(
      fc.property(nearby, (text) => {
        let path: string
        try {
          path = parseReference(text).path
        } catch {
          return
        }
        for (const segment of path.split('/')) expect(['', '.', '..']).not.toContain(segment.normalize('NFKC'))
      }),
    )
  })
})
