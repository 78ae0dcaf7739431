import { argv, env, exit } from 'node:process'
import { run } from './cli/program.ts'
import { createTerminal } from './cli/terminal.ts'

// What needs heavy modules is built as a file of its own and read only by the command that asks for it.
const parts = {
  agent: () => import('./agent.ts'),
  validate: () => import('./cli/validate.ts'),
  doctor: () => import('./install/doctor.ts'),
  install: () => import('./install/install.ts'),
}

const terminal = createTerminal(env)
const status = await run(argv.slice(2), terminal, parts)
await terminal.flushed()
exit(status)
