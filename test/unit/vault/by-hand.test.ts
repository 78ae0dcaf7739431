import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { decrypt } from '../../../src/vault/age-file.ts'
import { fileIn, keyIn, openIn, scratch, secret } from './scratch.ts'

it('opens by hand as docs/local-vault.md says', async () => {
  const dir = scratch()
  const vault = await openIn(dir)
  await vault.setFields('shop/db', secret('{"user":"app","password":"old"}'))
  await vault.set('shop/db', 'password', secret('new'))
  await vault.set('shop/key', undefined, secret('exactly\n'))
  const page = readFileSync(join(import.meta.dirname, '../../../docs/local-vault.md'), 'utf8')
  writeFileSync(`${dir}/read.mjs`, /```js\n([^`]*(?:`[^`]+`[^`]*)*)\n```/.exec(page)?.[1] ?? '')
  const key = { passphrase: secret(readFileSync(keyIn(dir), 'utf8').trim()), workFactor: 10 }
  writeFileSync(`${dir}/local.bin`, (await decrypt(readFileSync(fileIn(dir)), key)) as Uint8Array)
  const read = (path: string): string =>
    execFileSync(process.execPath, [`${dir}/read.mjs`, `${dir}/local.bin`, path]).toString()
  expect(read('shop/db')).toBe('password new\nuser app\n')
  expect(read('shop/key')).toBe('exactly\n')
})
