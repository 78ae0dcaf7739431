import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { unmountBelow } from '../../../src/host/mounts.ts'
import { apart } from '../apart.ts'
import { agent, birth, contentOf } from './scene.ts'

apart(import.meta.url, () => {
  let child: ChildProcess | undefined

  beforeEach(() => {
    mkdirSync('/run/bin')
    copyFileSync('/bin/sleep', '/run/bin/dockerd')
    spawnSync('chmod', ['755', '/run/bin/dockerd'])
    spawnSync('mount', ['--make-shared', '/run'])
  })
  afterEach(async () => {
    child?.kill('SIGKILL')
    await unmountBelow('/run/dso')
    for (const path of ['/run/dso', '/run/bin', '/run/docker.pid']) rmSync(path, { recursive: true, force: true })
  })

  /** A process that passes for dockerd; `words` say in which mount namespace. */
  const dockerd = async (...words: string[]) => {
    const [program = '', ...rest] = [...words, '/run/bin/dockerd', '600']
    child = spawn(program, rest, { stdio: 'ignore' })
    const { pid } = child
    writeFileSync('/run/docker.pid', `${pid}`)
    while (readFileSync(`/proc/${pid}/comm`, 'utf8').trim() !== 'dockerd')
      await new Promise((resolve) => setTimeout(resolve, 5))
  }

  test('a dockerd among our mounts needs no comparison', async () => {
    await dockerd()
    expect(contentOf(await agent().deliver(birth('m1')))).toEqual({ a: 'one', b: 'two' })
  })

  test('a dockerd that follows our mounts sees them read-only', async () => {
    await dockerd('unshare', '--mount', '--propagation', 'slave')
    const directory = await agent().deliver(birth('m1'))
    const seen = readFileSync(`/proc/${child?.pid}/mountinfo`, 'utf8').split('\n')
    expect(seen.find((line) => line.includes(` ${directory} `))).toContain(' ro,')
  })

  test('a dockerd that does not see them would start a container without its secrets: refused', async () => {
    await dockerd('unshare', '--mount', '--propagation', 'private')
    const refused = agent().deliver(birth('m1'))
    await expect(refused).rejects.toMatchObject({
      code: 'NOT_RAM',
      what: expect.stringContaining('mount namespace of its own'),
    })
  })

  test('a process of another user that is called dockerd does not count', async () => {
    await dockerd('unshare', '--mount', '--propagation', 'private', 'setpriv', '--reuid', '65534', '--clear-groups')
    expect(contentOf(await agent().deliver(birth('m1')))).toEqual({ a: 'one', b: 'two' })
  })

  test('a process called dockerd in a root of its own does not count, wherever links in it lead', async () => {
    mkdirSync('/run/container')
    const root = `mount -t tmpfs none /run/container && cd /run/container && for d in bin lib lib64 usr; do
      if [ -L /$d ]; then ln -s $(readlink /$d) $d; else mkdir $d && mount --bind /$d $d; fi; done
      mkdir own && cp /run/bin/dockerd own/dockerd && ln -s /run run && exec chroot . /own/dockerd 600`
    await dockerd('unshare', '--mount', '--propagation', 'private', 'sh', '-c', root, 'sh')
    expect(contentOf(await agent().deliver(birth('m1')))).toEqual({ a: 'one', b: 'two' })
  })
})
