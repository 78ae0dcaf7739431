import { describe, expect, test } from 'vitest'
import { eventually } from '../lab/lab.ts'
import { deliveredFiles, stage, withSecrets } from './stage.ts'

const password = 'canary-5c1f-password'

const it = stage(async ({ lab }) => {
  await lab.dso('secret', 'set', 'dso://local/shop/db#password', { input: password })
  await lab.dso('secret', 'set', 'dso://local/shop/db#user', { input: 'app' })
  await lab.dso('secret', 'set', 'dso://local/shop/key', { input: Buffer.from([0, 255, 13, 10]) })
})

const db = { 'secret.db': 'dso://local/shop/db#password' }

/** What docker says of a start that must fail. */
async function refused(...args: string[]): Promise<string> {
  const outcome = await it.lab.tryDocker('run', '--rm', ...args)
  expect(outcome.code).toBe(125)
  return outcome.stderr
}

describe('a start', () => {
  test('docker run finds the file before its process begins', async () => {
    expect(await it.lab.docker('run', '--rm', ...withSecrets('run', db), 'box', 'cat', '/run/secrets/db')).toBe(
      password,
    )
  })

  test('bytes are exact, modes and owners as asked, and nothing can be written', async () => {
    const labels = { ...db, 'secret.key': 'dso://local/shop/key', 'mode.key': '0400', 'uid.key': '1000' }
    const args = ['run', '--rm', ...withSecrets('exact', labels), 'box']
    const bytes = await it.lab.tryDocker(...args, 'cat', '/run/secrets/key')
    expect(bytes.stdoutBytes).toEqual(Buffer.from([0, 255, 13, 10]))
    const stat = await it.lab.docker(...args, 'stat', '-L', '-c', '%a %u %g', '/run/secrets/key', '/run/secrets/db')
    expect(stat).toBe('400 1000 0\n444 0 0')
    expect((await it.lab.tryDocker(...args, 'touch', '/run/secrets/x')).stderr).toMatch(/Read-only file system/)
  })

  test('text, filters and every field of a secret', async () => {
    const labels = {
      'secret.url': 'postgres://<dso://local/shop/db#user>:<dso://local/shop/db#password|url>@db/app',
      'secret.*': 'dso://local/shop/db#*',
    }
    const cat = ['sh', '-c', 'cd /run/secrets; for f in *; do echo "$f=$(cat $f)"; done']
    expect(await it.lab.docker('run', '--rm', ...withSecrets('text', labels), 'box', ...cat)).toBe(
      `password=${password}\nurl=postgres://app:${password}@db/app\nuser=app`,
    )
  })

  test('an unmodified Compose project', async () => {
    it.lab.write(
      '/root/shop/compose.yaml',
      `services:
  api:
    image: box
    command: sleep 1000
    init: true
    volumes: ["secrets:/run/secrets"]
    labels:
      dso.secret.db: dso://local/shop/db#password
  worker:
    image: box
    command: sleep 1000
    init: true
    volumes: ["fixed:/run/secrets"]
volumes:
  secrets: { driver: dso }
  fixed: { driver: dso, driver_opts: { dso.secret.user: "dso://local/shop/db#user" } }
`,
    )
    await it.lab.compose('/root/shop', 'up', '-d')
    expect(await it.lab.compose('/root/shop', 'exec', '-T', 'api', 'cat', '/run/secrets/db')).toBe(password)
    expect(await it.lab.compose('/root/shop', 'exec', '-T', 'worker', 'cat', '/run/secrets/user')).toBe('app')
    expect(await it.lab.compose('/root/shop', 'run', '--rm', 'api', 'cat', '/run/secrets/db')).toBe(password)
    await it.lab.compose('/root/shop', 'up', '-d', '--scale', 'api=3')
    await it.lab.compose('/root/shop', 'down', '-t', '0', '-v')
  })
})

describe('a start is refused with a sentence, and nothing is left of it', () => {
  const cases: [string, Record<string, string>, RegExp][] = [
    [
      'unknown secret',
      { 'secret.half': 'dso://local/shop/bd' },
      /: dso: refused: half needs dso:\/\/local\/shop\/bd: .* \[SECRET_NOT_FOUND\]/,
    ],
    [
      'unknown field',
      { 'secret.half': 'dso://local/shop/db#pasword' },
      /dso: refused: half needs dso:\/\/local\/shop\/db#pasword: shop\/db has no field pasword \(it has: password, user\): .*\[FIELD_NOT_FOUND\]/,
    ],
    ['nothing below a path', { 'secret.*': 'dso://local/shpo/*' }, /directly below shpo: .*\[SECRET_NOT_FOUND\]/],
    ['unknown label', { ...db, 'secrt.x': 'dso://local/shop/db' }, /did you mean dso.secret.x\? \[BAD_LABEL\]/],
    ['unknown source', { 'secret.half': 'dso://vault/shop/db' }, /\[SOURCE_UNKNOWN\]/],
    ['no reference', { 'secret.half': 'hunter2' }, /\[BAD_LABEL\]/],
    ['unquoted mode', { ...db, mode: '256' }, /write it quoted: "0400".* \[BAD_LABEL\]/],
    [
      'one that exists beside one that does not',
      { 'secret.half': 'dso://local/shop/db#password', 'secret.no': 'dso://local/no' },
      /\[SECRET_NOT_FOUND\]/,
    ],
  ]

  test.each(cases)('%s', async (_, labels, sentence) => {
    const said = await refused('--name', 'refused', ...withSecrets('refused', labels), 'box', 'true')
    expect(said).toMatch(sentence)
    expect(said).not.toContain('hunter2')
    expect(await deliveredFiles(it.lab, 'half')).toEqual([])
    await it.lab.tryDocker('rm', '-f', 'refused')
  })

  test('an option of the volume that is none', async () => {
    const outcome = await it.lab.tryDocker('volume', 'create', '-d', 'dso', '-o', 'secret=x', 'opts')
    expect(outcome.stderr).toMatch(/dso: secret: a volume takes no such option: .* \[BAD_LABEL\]/)
  })

  test('a volume name that is a path', async () => {
    const outcome = await it.lab.tryDocker('volume', 'create', '-d', 'dso', '../x')
    expect(outcome.stderr).toMatch(/dso: ".*x" is no name for a volume: .* \[BAD_LABEL\]/)
    const mount = 'type=volume,src=../x,dst=/run/secrets,volume-driver=dso'
    expect((await it.lab.tryDocker('run', '--rm', '--mount', mount, 'box', 'true')).code).toBe(125)
  })

  test('a volume called like its place, made through the API', async () => {
    const source = {
      Type: 'volume',
      Source: '/run/secrets',
      Target: '/run/secrets',
      VolumeOptions: { DriverConfig: { Name: 'dso' } },
    }
    const answer = await it.lab.api('/containers/create', {
      method: 'POST',
      body: { Image: 'box', HostConfig: { Mounts: [source] } },
    })
    expect(answer.status).toBeGreaterThanOrEqual(400)
  })

  test('two services with different wishes for one volume', async () => {
    await it.lab.docker('create', '--name', 'one', ...withSecrets('both', db), 'box', 'true')
    await it.lab.docker(
      'create',
      '--name',
      'two',
      ...withSecrets('both', { 'secret.user': 'dso://local/shop/db#user' }),
      'box',
      'true',
    )
    const { stderr } = await it.lab.tryDocker('start', 'one')
    expect(stderr).toMatch(
      /dso: volume both is asked for different files by (one and two|two and one): .*docker rm (one|two) \[VOLUME_AMBIGUOUS\]/,
    )
    await it.lab.docker('rm', 'two')
    await it.lab.docker('start', 'one')
    await it.lab.docker('rm', '-f', 'one')
  })
})

describe('who is not meant gets nothing', () => {
  test('another entrypoint, volumes-from, a backup container without labels, an external volume', async () => {
    await it.lab.docker('run', '-d', '--name', 'owner', ...withSecrets('owned', db), 'box', 'sleep', '1000')
    const mount = ['--mount', 'type=volume,src=owned,dst=/x,volume-driver=dso']
    for (const args of [
      ['--entrypoint', 'cat', ...mount, 'box', '/x/db'],
      ['--volumes-from', 'owner', 'box', 'cat', '/run/secrets/db'],
      ['-v', 'owned:/backup:ro', 'box', 'tar', '-c', '/backup'],
    ]) {
      const said = await refused(...args)
      expect(said).toMatch(/no label of it asks for a secret, but it mounts the volume owned.*\[VOLUME_UNCLAIMED\]/)
      expect(said).not.toContain(password)
    }
    it.lab.write(
      '/root/thief/compose.yaml',
      'services:\n  t:\n    image: box\n    command: cat /x/db\n    volumes: ["owned:/x"]\nvolumes:\n  owned: { external: true }\n',
    )
    const outcome = await it.lab.tryCompose('/root/thief', 'up')
    expect(outcome.code).not.toBe(0)
    expect(outcome.stdout + outcome.stderr).not.toContain(password)
    await it.lab.compose('/root/thief', 'down')
    expect(await it.lab.docker('exec', 'owner', 'cat', '/run/secrets/db')).toBe(password)
    await it.lab.docker('rm', '-f', 'owner')
  })

  test('labels that an image carries ask for nothing, and do not name a project', async () => {
    await it.lab.image('forger', {
      dockerfileChanges: [
        'LABEL dso.secret.db=dso://local/shop/db#password',
        'LABEL com.docker.compose.project=shop com.docker.compose.service=api',
      ],
    })
    const said = await refused('--name', 'forged', ...withSecrets('forged', {}), 'forger', 'cat', '/run/secrets/db')
    expect(said).toMatch(/dso: forged: no label of it asks for a secret.*\[VOLUME_UNCLAIMED\]/)
    const both = withSecrets('forged2', { 'secret.user': 'dso://local/shop/db#user' })
    expect(await it.lab.docker('run', '--rm', ...both, 'forger', 'ls', '/run/secrets')).toBe('user')
  })
})

describe('mounts that are no starts', () => {
  test('docker create of an image with a full directory at the target, beside a foreign stopped container', async () => {
    await it.lab.image('full', { files: { '/run/secrets/from-image': 'x' } })
    await it.lab.docker('create', '--name', 'mine', ...withSecrets('populated', db), 'full', 'ls', '-a', '/run/secrets')
    const names = (await it.lab.docker('start', '-a', 'mine')).split('\n')
    expect(names).toContain('db')
    expect(names).not.toContain('from-image')
    const foreign = withSecrets('populated', { 'secret.user': 'dso://local/shop/db#user' })
    const second = await it.lab.tryDocker('create', '--name', 'foreign', ...foreign, 'full', 'ls', '-a', '/run/secrets')
    if (second.code === 0) {
      const { stderr } = await it.lab.tryDocker('start', '-a', 'foreign')
      expect(stderr).toMatch(/VOLUME_AMBIGUOUS/)
    } else expect(second.stderr).toMatch(/mine.*foreign|foreign.*mine/)
    await it.lab.docker('rm', 'mine')
    await it.lab.tryDocker('rm', 'foreign')
  })

  test('docker cp a hundred times on a running container while its secret changes', async () => {
    const labels = { ...db, rotation: 'live', 'rotation.settle': '1s' }
    await it.lab.docker('run', '-d', '--name', 'copied', ...withSecrets('copied', labels), 'box', 'sleep', '1000')
    const change = (async () => {
      for (let n = 0; n < 10; n += 1) {
        await it.lab.dso('secret', 'set', 'dso://local/shop/db#password', { input: `${password}-${n}` })
      }
    })()
    for (let n = 0; n < 100; n += 1) {
      const { stdout } = await it.lab.tryDocker('cp', '-L', 'copied:/run/secrets/db', '-')
      expect(stdout).toContain(password)
    }
    await change
    await eventually(async () => (await it.lab.docker('exec', 'copied', 'cat', '/run/secrets/db')) === `${password}-9`)
    await it.lab.dso('secret', 'set', 'dso://local/shop/db#password', { input: password })
    await it.lab.docker('rm', '-f', 'copied')
  })
})
