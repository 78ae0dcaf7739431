import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Lab, openLab } from '../lab/lab.ts'
import { engine, withSecrets } from './stage.ts'

const index = 'application/vnd.oci.image.index.v1+json'
let lab: Lab

beforeAll(async () => {
  lab = await openLab({ engine, daemonJson: { features: { 'containerd-snapshotter': true } } })
  await lab.startAgent()
  await lab.dso('secret', 'set', 'dso://local/shop/db#password', { input: 'canary-55ee-password' })
})
afterAll(() => lab?.close())

interface Descriptor {
  readonly digest: string
  readonly size: number
}

/** Writes a blob into the unpacked image. */
function put(content: object): Descriptor {
  const bytes = Buffer.from(JSON.stringify(content))
  const digest = createHash('sha256').update(bytes).digest('hex')
  lab.write(`/root/image/blobs/sha256/${digest}`, bytes)
  return { digest: `sha256:${digest}`, size: bytes.length }
}

const blob = (digest: string) =>
  JSON.parse(readFileSync(lab.path(`/root/image/blobs/${digest.replace(':', '/')}`), 'utf8'))

/** `box` under another name, with a second platform whose image has labels of its own. */
async function makeTwofold(name: string, labels: Readonly<Record<string, string>>): Promise<void> {
  const unpack = 'mkdir -p /root/image && docker save box | tar -x -C /root/image && rm -f /root/image/manifest.json'
  await lab.run(['sh', '-c', unpack])
  const [own] = JSON.parse(readFileSync(lab.path('/root/image/index.json'), 'utf8')).manifests
  const manifest = blob(own.digest)
  const config = blob(manifest.config.digest)
  const forged = { ...config, architecture: '386', config: { ...config.config, Labels: labels } }
  const other = put({ ...manifest, config: { ...manifest.config, ...put(forged) } })
  const at = (descriptor: Descriptor, architecture: string) => ({
    mediaType: own.mediaType,
    digest: descriptor.digest,
    size: descriptor.size,
    platform: { architecture, os: 'linux' },
  })
  const both = put({ schemaVersion: 2, mediaType: index, manifests: [at(own, config.architecture), at(other, '386')] })
  const annotations = { 'io.containerd.image.name': `docker.io/library/${name}:latest` }
  const top = { schemaVersion: 2, mediaType: index, manifests: [{ mediaType: index, ...both, annotations }] }
  lab.write('/root/image/index.json', JSON.stringify(top))
  const loaded = await lab.run(['sh', '-c', 'tar -c -C /root/image . | docker load'])
  expect(loaded.code, loaded.stderr).toBe(0)
}

test('labels of an image for another platform ask for nothing either', async () => {
  if (engine === 'debian') {
    // The old engine has no such store: one id is one image there.
    expect(await lab.docker('info', '--format', '{{.Driver}}')).not.toBe('overlayfs')
    return
  }
  await makeTwofold('twofold', { 'dso.secret.db': 'dso://local/shop/db#password' })
  const run = ['run', '--rm', '--platform', 'linux/386']
  const forged = await lab.tryDocker(...run, ...withSecrets('forged', {}), 'twofold', 'cat', '/run/secrets/db')
  expect(forged.stdout + forged.stderr).not.toContain('canary-55ee')
  expect(forged.stderr).toMatch(/no label of it asks for a secret.*\[VOLUME_UNCLAIMED\]/)
  const asked = withSecrets('asked', { 'secret.own': 'dso://local/shop/db#password' })
  expect(await lab.docker(...run, ...asked, 'twofold', 'ls', '/run/secrets')).toBe('own')
})
