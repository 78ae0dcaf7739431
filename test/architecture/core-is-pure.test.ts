import { expect, it } from 'vitest'
import { code, filesBelow, importsOf } from './sources.ts'

/** Computing with bytes and addresses is pure; everything else of the platform is not. */
const pureModules = ['node:crypto', 'node:net']
const pureNames: Readonly<Record<string, readonly string[]>> = {
  'node:crypto': ['createHash'],
  'node:net': ['isIP', 'isIPv4', 'isIPv6'],
}

const impure =
  /\b(Date\.now|new Date\(\)|Math\.random|performance\.|process\.|globalThis|fetch\(|setTimeout|setInterval|setImmediate|console\.|crypto\.|randomBytes|require\()/

const files = filesBelow('src/core').filter((file) => file.endsWith('.ts'))

it('core imports nothing that acts', () => {
  const strays = files.flatMap((file) =>
    importsOf(file)
      .filter((name) => !name.startsWith('src/core/') && !pureModules.includes(name))
      .map((name) => `${file} imports ${name}`),
  )
  expect(strays).toEqual([])
})

it('core takes nothing but pure functions of the platform', () => {
  const strays = files.flatMap((file) =>
    [...code(file).matchAll(/import (?:type )?\{([^}]*)\} from '(node:[a-z/]+)'/g)].flatMap(
      ([, names = '', module = '']) =>
        names
          .split(',')
          .map((name) => name.trim())
          .filter((name) => name !== '' && !pureNames[module]?.includes(name))
          .map((name) => `${file} takes ${name} of ${module}`),
    ),
  )
  expect(strays).toEqual([])
})

it('core reads no clock, no chance and no environment', () => {
  const strays = files.flatMap((file) => {
    const found = impure.exec(code(file))
    return found ? [`${file}: ${found[0]}`] : []
  })
  expect(strays).toEqual([])
})
