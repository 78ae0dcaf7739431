import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseAsked } from '../../../src/core/labels.ts'
import { refusal } from './refusal.ts'

const page = (name: string): string => readFileSync(new URL(`../../../docs/${name}.md`, import.meta.url), 'utf8')
const defaults = { defaultMode: 0o444 }

describe('what the pages about references and labels show', () => {
  const shown = ['labels', 'references'].flatMap((name) => [
    ...page(name).matchAll(/^ +(dso\.[^ :]+): "?([^"\n#]*(?:#[^\s"]+)?)"?(?: +#.*)?$/gm),
  ])

  it('is found', () => {
    expect(shown.length).toBeGreaterThan(5)
  })

  it.each(shown.map(([, label = '', text = '']) => [label, text.trim()] as const))('%s: %s works', (label, text) => {
    const file = /^dso\.(?:mode|uid|gid)\.(.+)$/.exec(label)?.[1]
    const whole = file === undefined ? {} : { [`dso.secret.${file}`]: 'dso://local/x' }
    expect(() => parseAsked({ ...whole, [label]: text }, defaults)).not.toThrow()
  })

  it('as a message is what the agent says', () => {
    const flat = ['labels', 'references'].map(page).join('\n').replaceAll(/\n +/g, ' ')
    const said = [
      refusal(() => parseAsked({ 'dso.secrt.db': 'dso://local/x' }, defaults)),
      refusal(() => parseAsked({ 'dso.secret.db': 'dso://local/shop/db#password?version=3' }, defaults)),
    ]
    for (const message of said) expect(flat).toContain(message.replace('dso: ', 'dso: shop/api: '))
  })
})
