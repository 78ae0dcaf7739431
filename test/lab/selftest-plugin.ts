/**
 * A volume plugin for the selftest: each volume is a read-only bind of a directory in a tmpfs, as the product's are.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'

const [source, exposed, socket] = ['/run/fake/source', '/run/fake/exposed', '/run/docker/plugins/dso.sock']

mkdirSync(source, { recursive: true })
mkdirSync(exposed, { recursive: true })
execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=755', 'tmpfs', source])
writeFileSync(`${source}/token`, 'from the plugin', { mode: 0o444 })
execFileSync('mount', ['-o', 'bind,ro,nosuid,nodev,noexec', source, exposed])

const answers: Record<string, unknown> = {
  '/Plugin.Activate': { Implements: ['VolumeDriver'] },
  '/VolumeDriver.Capabilities': { Capabilities: { Scope: 'local' } },
  '/VolumeDriver.List': { Volumes: [] },
  '/VolumeDriver.Get': { Volume: { Name: 'secret', Mountpoint: exposed } },
  '/VolumeDriver.Path': { Mountpoint: exposed },
  '/VolumeDriver.Mount': { Mountpoint: exposed },
}

mkdirSync('/run/docker/plugins', { recursive: true })
const server = createServer((request, response) => {
  request.resume()
  response.end(JSON.stringify(answers[request.url ?? ''] ?? {}))
})
server.listen(socket, () => console.log('ready'))
process.on('SIGTERM', () => {
  rmSync(socket)
  process.exit(0)
})
