import { failures, isFailure } from '../core/failure.ts'
import { Usage } from './command.ts'
import { Interrupted } from './terminal.ts'

/** The sentence and the exit status of whatever a command threw. */
export function told(error: unknown): { line: string; exit: number } {
  const gaveUp = error instanceof Interrupted || (error instanceof Error && error.name === 'AbortError')
  if (gaveUp) return { line: '', exit: 130 }
  if (error instanceof Usage) return { line: error.message, exit: 2 }
  if (isFailure(error)) return { line: error.message, exit: failures[error.code].exit }
  if (error instanceof Error && error.name === 'UnsafeProcess') return { line: `dso: ${error.message}`, exit: 1 }
  return { line: `dso: unexpected: ${kindOf(error)}: please report it with the command you gave`, exit: 1 }
}

/** Messages of the platform name code, files and system calls; a parser's quotes what it read, which may be a value. */
function kindOf(error: unknown): string {
  if (!(error instanceof Error)) return 'an error without a name'
  const code = (error as NodeJS.ErrnoException).code
  if (error instanceof SyntaxError) return error.name
  return code === undefined ? `${error.name}: ${error.message}` : `${error.name} ${code}`
}
