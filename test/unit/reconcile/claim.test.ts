import { expect, test } from 'vitest'
import type { Container, ObservedMount } from '../../../src/core/model.ts'
import { claim } from '../../../src/reconcile/claim.ts'

const compose = {
  'com.docker.compose.project': 'shop',
  'com.docker.compose.service': 'api',
  'com.docker.compose.config-hash': 'h',
}
const container = { id: 'c1', name: 'forger', imageId: 'sha256:1', labels: compose } as unknown as Container
const mount = { workload: 'forger', holders: ['c1'], authorised: ['c1'] } as unknown as ObservedMount
const claimed = (image: Record<string, string> | undefined) =>
  claim({ containers: [container], mounts: [mount] }, { get: () => image }).mounts[0]?.workload

test('a mount counts for the workload of its holder by labels that are its own', () => {
  expect(claimed({})).toBe('shop/api')
  expect(claimed(compose)).toBe('forger')
})

test('while the image is not known its labels give no workload', () => {
  expect(claimed(undefined)).toBe('forger')
})
