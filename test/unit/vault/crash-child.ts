import { join } from 'node:path'
import { Secret } from '../../../src/store/secret.ts'
import { createVault } from '../../../src/vault/vault.ts'

/** Opens a vault, does one thing to it, says so. Its parent has it killed at a checkpoint. */
const [dir = '', deed = ''] = process.argv.slice(2)
const vault = createVault({
  dir: join(dir, 'state'),
  path: join(dir, 'state', 'local.age'),
  key: 'auto',
  keepVersions: () => 10,
  maxValueBytes: () => 10_000,
  keyFile: join(dir, 'etc', 'local.key'),
  emit: () => {},
})
await vault.open()
if (deed === 'set') await vault.set('a', undefined, new Secret(Buffer.from('two')))
if (deed === 'purge') await vault.delete('a', { purge: true })
process.stdout.write(vault.state().state)
await vault.close()
