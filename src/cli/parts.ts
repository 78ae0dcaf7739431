import type { Terminal } from './terminal.ts'

/** Parts of the program that are read only by the command that needs them. */
export interface Parts {
  readonly agent: () => Promise<{ runAgent(options: { config?: string }): Promise<number> }>
  readonly validate: () => Promise<{
    validate(files: readonly string[], format: 'text' | 'json', terminal: Terminal): Promise<number>
  }>
  readonly doctor: () => Promise<typeof import('../install/doctor.ts')>
}
