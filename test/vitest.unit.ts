import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/unit/**/*.test.ts', 'test/architecture/**/*.test.ts'],
    pool: 'forks',
    testTimeout: 60_000,
  },
})
