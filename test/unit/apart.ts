import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

/**
 * Runs a file's tests in a mount namespace of their own with an empty /run, so that no mount is ever left behind, not
 * even by a killed run: the file runs itself again there, by `unshare`, and what fails there fails here.
 */
export function apart(url: string, suite: () => void): void {
  if (process.env['DSO_TESTS_APART'] === url) {
    suite()
    return
  }
  test('all pass in a mount namespace of their own', { timeout: 120_000 }, () => {
    const file = fileURLToPath(url)
    const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url))
    const script = 'mount -t tmpfs -o mode=755 tmpfs /run && exec "$@"'
    const words = [
      '--mount',
      '--propagation',
      'private',
      'sh',
      '-c',
      script,
      'sh',
      process.execPath,
      vitest,
      'run',
      file,
    ]
    const { status, stdout, stderr } = spawnSync('unshare', words, {
      env: { ...process.env, DSO_TESTS_APART: url },
      encoding: 'utf8',
    })
    expect(status, `${stdout}\n${stderr}`).toBe(0)
  })
}
