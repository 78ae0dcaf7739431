import { describe, expect, test } from 'vitest'
import { rotating } from './rotating.ts'
import { stage, withSecrets } from './stage.ts'

const it = stage()

const { inside, reads, run, set, stateOf } = rotating(it)

describe('left alone', () => {
  test('none: running containers keep what they have, starts get the new value', async () => {
    await set('none', 'one')
    await run('none', { rotation: 'none' })
    await set('none', 'two')
    await it.lab.dso('sync', 'none')
    expect(await inside('none')).toBe('one')
    expect((await stateOf('none'))?.state).toBe('outdated')
    await it.lab.docker('restart', '-t', '0', 'none')
    await reads('none', 'two')
  })

  test('paused until resumed', async () => {
    await set('paused', 'one')
    await run('paused', {})
    await it.lab.dso('pause', 'paused')
    await set('paused', 'two')
    await it.lab.dso('sync', 'paused')
    expect(await inside('paused')).toBe('one')
    expect((await stateOf('paused'))?.state).toBe('paused')
    const plan = await it.lab.tryDso('plan', 'paused', '--check')
    expect([plan.code, plan.stdout]).toEqual([8, expect.stringContaining('dso://local/paused changed')])
    await it.lab.dso('resume', 'paused')
    await reads('paused', 'two')
  })
})

describe('a secret that was deleted while it is in use', () => {
  test('stays with who has it; a start is refused, and made when it is there again', async () => {
    await set('gone', 'one')
    await run('gone', {}, ['--restart', 'always'])
    await it.lab.dso('secret', 'delete', 'gone')
    const sync = await it.lab.tryDso('sync', '--wait')
    expect([sync.code, sync.stdout]).toEqual([
      3,
      expect.stringMatching(/^gone: db needs .* gone was deleted.*, 1 failed\n$/ms),
    ])
    expect(await inside('gone')).toBe('one')
    expect((await stateOf('gone'))?.message).toMatch(/gone was deleted from local.*\[SECRET_NOT_FOUND\]/)
    const again = await it.lab.tryDocker('restart', '-t', '0', 'gone')
    expect(again.stderr).toMatch(/dso: gone: db needs dso:\/\/local\/gone: .*\[SECRET_NOT_FOUND\]/)
    expect((await it.lab.tryDso('status', '--check')).code).toBe(8)
    await set('gone', 'two')
    await reads('gone', 'two')
  })
})

describe('a container that waits for its secret', () => {
  test('is started when it can be had, if its restart policy says that it should run', async () => {
    const refused = await it.lab.tryDocker(
      ...(['run', '-d', '--init', '--restart', 'always', '--name', 'waits'] as [string, ...string[]]),
      ...withSecrets('waits', { 'secret.db': 'dso://local/waits' }),
      ...['box', 'sleep', '1000'],
    )
    expect(refused.code).toBe(125)
    const byHand = await it.lab.tryDocker(
      ...(['run', '-d', '--init', '--name', 'byhand'] as [string, ...string[]]),
      ...withSecrets('byhand', { 'secret.db': 'dso://local/waits' }),
      ...['box', 'sleep', '1000'],
    )
    expect(byHand.code).toBe(125)
    await set('waits', 'here')
    await reads('waits', 'here')
    expect(await it.lab.docker('inspect', '-f', '{{.State.Running}}', 'byhand')).toBe('false')
  })
})
