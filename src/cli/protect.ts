import { Failure } from '../core/failure.ts'

/**
 * Makes this process one that may hold values (SECURITY.md 12), before it holds any. Read only where needed. Throws
 * BAD_CONFIG where it was started in a way that would undo this.
 */
export async function protect(): Promise<void> {
  const { protectProcess, UnsafeProcess } = await import('../host/hygiene.ts')
  try {
    protectProcess({ role: 'cli' })
  } catch (error) {
    if (error instanceof UnsafeProcess) throw new Failure('BAD_CONFIG', error.what, error.remedy)
    throw error
  }
}
