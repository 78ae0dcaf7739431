import { defineConfig } from 'vitest/config'

/** Against one real engine, named by DSO_ENGINE; one file after the other, each with a lab of its own. */
export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/host/**/*.test.ts', 'test/e2e/**/*.test.ts'],
    fileParallelism: false,
    pool: 'forks',
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
})
