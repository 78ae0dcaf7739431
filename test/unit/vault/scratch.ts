import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Fact } from '../../../src/core/event.ts'
import { Secret } from '../../../src/store/secret.ts'
import { createVault, type Vault, type VaultOptions } from '../../../src/vault/vault.ts'

/** A directory that is gone after the test. */
export function scratch(): string {
  const dir = mkdtempSync(join(tmpdir(), 'dso-vault-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

export const fileIn = (dir: string): string => join(dir, 'state', 'local.age')
export const journalIn = (dir: string): string => join(dir, 'state', 'local.journal')
export const keyIn = (dir: string): string => join(dir, 'etc', 'local.key')

/** A vault in `dir`, not yet open; closed after the test. */
export function vaultIn(dir: string, over: Partial<VaultOptions> = {}): Vault & { readonly facts: Fact[] } {
  const facts: Fact[] = []
  const vault = createVault({
    dir: join(dir, 'state'),
    path: fileIn(dir),
    key: 'auto',
    keepVersions: () => 10,
    maxValueBytes: () => 10_000,
    keyFile: keyIn(dir),
    emit: (fact) => facts.push(fact),
    ...over,
  })
  onTestFinished(() => vault.close())
  return { ...vault, facts }
}

export async function openIn(
  dir: string,
  over: Partial<VaultOptions> = {},
): Promise<Vault & { readonly facts: Fact[] }> {
  const vault = vaultIn(dir, over)
  await vault.open()
  return vault
}

export const secret = (text: string | Uint8Array): Secret => new Secret(Buffer.from(text as string))

/** One value as text; of fields, the fields as text. */
export function readText(vault: Vault, path: string, version?: string): unknown {
  const { content } = vault.read(path, version)
  const text = (value: Secret): string => value.reveal((bytes) => Buffer.from(bytes).toString())
  if (content.kind === 'value') return text(content.value)
  return Object.fromEntries([...content.fields].map(([name, { value }]) => [name, text(value)]))
}
