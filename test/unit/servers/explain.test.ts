import { expect, test } from 'vitest'
import type { Container } from '../../../src/core/model.ts'
import { createExplain, type ExplainParts } from '../../../src/servers/explain.ts'

test('what an image calls its labels is shown as printable text', async () => {
  const forged = { 'dso.\x1b]0;title\x07': '1', 'dso.secret.\x1b[2J': 'dso://local/a' }
  const container: Container = {
    id: 'c1',
    name: 'shop',
    state: 'running',
    labels: { ...forged, 'dso.secret.db': `before \x1b[31m\${dso://local/shop/db}` },
    imageId: 'sha256:1',
    created: 1,
    mounts: [{ volume: 'v', driver: 'dso', destination: '/run/secrets' }],
  }
  const explain = createExplain({
    world: async () => ({ containers: [container], mounts: [] }),
    known: () => ({
      volumes: [{ name: 'v', options: {}, createdAt: '' }],
      imageLabels: () => forged,
      defaults: { defaultMode: 0o444, defaultStrategy: 'auto' },
    }),
    refusals: () => [],
    vault: { history: () => [], state: () => ({ state: 'ok', identity: '', secrets: 0 }) },
    loop: { quarantined: () => [], stateOf: () => ({ state: 'ok' }) },
  } as unknown as ExplainParts)
  const { lines } = await explain({ kind: 'workload', workload: 'shop' })
  expect(lines.map(({ text }) => text).join('\n')).toMatch(/^[\x20-\x7e\n]*$/)
  expect(lines.filter(({ topic }) => topic === 'ignored').map(({ text }) => text.split(':')[0])).toEqual([
    'label dso.\\u{1b}]0;title\\u{7}',
    'label dso.secret.\\u{1b}[2J',
  ])
})
