import type { Terminal } from './terminal.ts'

/** Parts of the program that are read only by the command that needs them. */
export interface Parts {
  /** Runs until SIGTERM; resolves to the exit status. */
  readonly agent: () => Promise<{ runAgent(options: { readonly config?: string }): Promise<number> }>
  readonly validate: () => Promise<{
    validate(files: readonly string[], format: 'text' | 'json', terminal: Terminal): Promise<number>
  }>
  readonly doctor: () => Promise<Pick<typeof import('../install/doctor.ts'), 'doctor'>>
  readonly install: () => Promise<Pick<typeof import('../install/install.ts'), 'install' | 'uninstall'>>
}
