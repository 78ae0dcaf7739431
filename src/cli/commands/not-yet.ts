import { later } from '../command.ts'

/** Commands of later versions: their names are taken, their answer is one sentence. */
export const notYet = [
  later(
    'revoke',
    'REF',
    'Drop a compromised value everywhere',
    'set a new value (docker dso secret set), then docker dso secret delete --purge for what is left',
  ),
  later(
    'rollout undo',
    'WORKLOAD',
    'Go back to the value before',
    'docker dso secret rollback REF makes the old content current again',
  ),
  later('audit verify', '', 'Check the audit trail', 'there is no audit file yet, see docker dso events'),
  later('migrate', '[FILE...]', 'Rewrite Compose files to use DSO', 'docker dso secret import takes over an env file'),
  later(
    'exec',
    'CONTAINER -- CMD',
    'docker exec with the variables of the container',
    'secrets are files in this version: docker exec sees them',
  ),
]
