/** Makes this process one that may hold values (docs/requirements.md 12), before it holds any. Read only where needed. */
export async function protect(role: 'agent' | 'cli' = 'cli'): Promise<void> {
  const { protectProcess } = await import('../host/hygiene.ts')
  protectProcess({ role })
}
