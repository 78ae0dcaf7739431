import type { Command } from '../command.ts'
import { agent } from './agent.ts'
import { secretDelete } from './secret-delete.ts'
import { secretGet } from './secret-get.ts'
import { secretHistory } from './secret-history.ts'
import { secretList } from './secret-list.ts'
import { secretRollback } from './secret-rollback.ts'
import { secretSet } from './secret-set.ts'
import { status } from './status.ts'
import { version } from './version.ts'

/** Every command there is, in the order help shows them. */
export const commands: readonly Command[] = [
  secretSet,
  secretGet,
  secretList,
  secretHistory,
  secretRollback,
  secretDelete,
  status,
  agent,
  version,
]
