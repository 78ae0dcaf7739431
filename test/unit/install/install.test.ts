import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { install } from '../../../src/install/install.ts'
import type { Places } from '../../../src/install/steps.ts'
import { uninstall } from '../../../src/install/uninstall.ts'
import { serviceUnit, socketUnit } from '../../../src/install/units.ts'

describe('install', () => {
  let folder: string
  let ran: string[]
  let said: string[]
  let places: Places
  let left: { purge: string[]; run: string; values: string }

  beforeEach(() => {
    // Below a folder that only root writes, as an installed program is.
    mkdirSync('/var/lib', { recursive: true })
    folder = mkdtempSync('/var/lib/dso-install-test-')
    ran = []
    said = []
    places = {
      plugin: join(folder, 'plugins/docker-dso'),
      units: join(folder, 'units'),
      systemd: true,
      run: async (...words) => void ran.push(words.join(' ')),
    }
    left = {
      purge: ['lib', 'etc'].map((name) => join(folder, name)),
      run: join(folder, 'run'),
      values: join(folder, 'run/values'),
    }
    for (const name of ['dist', 'lib', 'etc', 'run']) mkdirSync(join(folder, name))
    for (const name of ['cli.js', 'docker-dso', 'node']) writeFileSync(join(folder, 'dist', name), '')
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const options = (given: { dryRun?: boolean } = {}) => ({
    program: join(folder, 'dist/'),
    node: join(folder, 'dist/node'),
    dryRun: false,
    say: (line: string) => void said.push(line),
    ...given,
  })
  const removal = (given: { purge?: boolean; dryRun?: boolean } = {}) => ({
    purge: false,
    dryRun: false,
    say: (line: string) => void said.push(line),
    ...given,
  })

  it('links the plugin, writes and enables the units; a second time does nothing', async () => {
    await install(options(), places)
    expect(readlinkSync(places.plugin)).toBe(join(folder, 'dist/docker-dso'))
    expect(readFileSync(join(places.units, 'dso.socket'), 'utf8')).toBe(socketUnit())
    expect(ran).toEqual([
      'systemctl daemon-reload',
      'systemctl enable --now dso.socket',
      'systemctl enable dso.service',
      'systemctl restart dso.service',
    ])
    said = []
    await install(options(), places)
    expect([said, ran.length]).toEqual([['everything is in place'], 4])
  })

  it('changes nothing with --dry-run, and says what it would do', async () => {
    await install(options({ dryRun: true }), places)
    expect([existsSync(places.plugin), existsSync(places.units), ran]).toEqual([false, false, []])
    expect(said[0]).toBe(`would link ${places.plugin} to ${folder}/dist/docker-dso`)
    expect(said).toContain('would systemctl enable --now dso.socket')
  })

  it('says what to run where systemd does not', async () => {
    await install(options(), { ...places, systemd: false })
    expect(ran).toEqual([])
    expect(said.at(-1)).toMatch(/dist\/node --disable-sigusr1 .*dist\/cli\.js agent$/)
  })

  it.each(['dist', 'dist/cli.js', 'dist/docker-dso', 'dist/node'])('refuses when others may write %s', async (name) => {
    chmodSync(join(folder, name), 0o777)
    await expect(install(options(), places)).rejects.toThrow(`others than root may write ${folder}/${name}:`)
    expect(existsSync(places.plugin)).toBe(false)
  })

  it('takes a folder in which others may write, but replace nothing of root: a sticky one', async () => {
    chmodSync(folder, 0o1777)
    await install(options(), places)
    expect(existsSync(places.plugin)).toBe(true)
  })

  it('refuses one in which others may replace it', async () => {
    chmodSync(folder, 0o777)
    await expect(install(options(), places)).rejects.toThrow(`others than root may write ${folder}`)
  })

  it('leaves a plugin that is not ours', async () => {
    mkdirSync(join(folder, 'plugins'))
    writeFileSync(places.plugin, 'theirs')
    await expect(install(options(), places)).rejects.toThrow('is there and is no link')
  })

  it('is undone; the vault is kept unless purged', async () => {
    await install(options(), places)
    await uninstall(removal(), places, async () => [], left)
    expect([existsSync(places.plugin), existsSync(join(places.units, 'dso.service')), existsSync(left.run)]).toEqual([
      false,
      false,
      false,
    ])
    expect(ran.slice(4)).toEqual(['systemctl disable --now dso.socket dso.service', 'systemctl daemon-reload'])
    expect(existsSync(join(folder, 'lib'))).toBe(true)
    await uninstall(removal({ purge: true }), places, async () => [], left)
    expect(existsSync(join(folder, 'lib'))).toBe(false)
    said = []
    await uninstall(removal({ purge: true }), places, async () => [], left)
    expect(said).toEqual(['nothing of DSO is here'])
  })

  it('is not undone while dso volumes exist, which are listed', async () => {
    await expect(uninstall(removal({ purge: true }), places, async () => ['shop_a', 'shop_b'], left)).rejects.toThrow(
      'dso volumes exist: shop_a shop_b: remove their containers, then: docker volume rm shop_a shop_b',
    )
    expect(existsSync(left.run)).toBe(true)
  })

  it('is not undone while an agent runs that systemd did not start', async () => {
    const server = createServer().listen(join(left.run, 'status.sock'))
    await once(server, 'listening')
    await expect(uninstall(removal(), { ...places, systemd: false }, async () => [], left)).rejects.toThrow(
      'the agent still runs',
    )
    server.close()
  })
})

describe('the units', () => {
  it('are accepted by systemd-analyze verify', () => {
    const folder = mkdtempSync('/tmp/dso-units-')
    try {
      writeFileSync(join(folder, 'dso.socket'), socketUnit())
      writeFileSync(
        join(folder, 'dso.service'),
        serviceUnit({ node: process.execPath, cli: '/usr/lib/a "b" 50%$/cli.js' }),
      )
      const units = ['dso.socket', 'dso.service'].map((name) => join(folder, name))
      const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', ...units], {
        encoding: 'utf8',
      })
      expect([status, stdout, stderr]).toEqual([0, '', ''])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('order nothing after docker and make no mount namespace', () => {
    const unit = serviceUnit({ node: '/n', cli: '/c' })
    expect(unit).toMatch(/^Before=docker\.service$/m)
    expect(unit).not.toMatch(/(After|Requires)=.*docker/)
    expect(unit).not.toMatch(
      /Private|Protect|ReadOnly|ReadWrite|Inaccessible|TemporaryFileSystem|Bind|DynamicUser|RuntimeDirectory|StateDirectory|LoadCredential/,
    )
    for (const line of ['MemorySwapMax=0', 'LimitCORE=0', 'UMask=0077']) expect(unit).toContain(`\n${line}\n`)
    expect(unit).toMatch(/^UnsetEnvironment=NODE_OPTIONS /m)
  })
})
