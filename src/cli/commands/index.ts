import type { Command } from '../command.ts'
import { agent } from './agent.ts'
import { doctor } from './doctor.ts'
import { events } from './events.ts'
import { explain } from './explain.ts'
import { install, uninstall } from './install.ts'
import { notYet } from './not-yet.ts'
import { pause, resume } from './pause.ts'
import { plan } from './plan.ts'
import { rolloutList } from './rollout-list.ts'
import { scan } from './scan.ts'
import { secretDelete } from './secret-delete.ts'
import { secretGet } from './secret-get.ts'
import { secretHistory } from './secret-history.ts'
import { secretImport } from './secret-import.ts'
import { secretList } from './secret-list.ts'
import { secretRollback } from './secret-rollback.ts'
import { secretSet } from './secret-set.ts'
import { status } from './status.ts'
import { sync } from './sync.ts'
import { unlock } from './unlock.ts'
import { validate } from './validate.ts'
import { version } from './version.ts'

/** Every command there is, in the order help shows them. */
export const commands: readonly Command[] = [
  secretSet,
  secretGet,
  secretList,
  secretHistory,
  secretRollback,
  secretDelete,
  secretImport,
  status,
  plan,
  sync,
  rolloutList,
  pause,
  resume,
  explain,
  events,
  scan,
  doctor,
  unlock,
  validate,
  install,
  uninstall,
  agent,
  version,
  ...notYet,
]
