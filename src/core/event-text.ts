import type { Event, Fact } from './event.ts'
import { printable } from './failure.ts'

type Telling<K extends Fact['kind']> = (fact: Extract<Fact, { kind: K }>) => string

/** One sentence a kind, for the log and for `events`: a new kind does not compile until someone says how it reads. */
const sentences: { readonly [K in Fact['kind']]: Telling<K> } = {
  'agent.started': ({ version }) => `dso ${version} started`,
  'agent.stopping': () => 'the agent stops; running containers keep their files',
  'config.loaded': ({ file }) => `configuration ${file} is in force`,
  'config.refused': ({ message }) => message,
  'docker.connected': ({ engine }) => `connected to ${engine}`,
  'docker.lost': ({ message }) => message,
  'vault.unlocked': ({ message }) => message,
  'vault.locked': ({ message }) => message,
  'secret.changed': ({ read, version, by }) => `${read} is now version ${version} (${by})`,
  'mount.delivered': ({ workload, volume, files }) => `${workload}: ${files} file(s) delivered by volume ${volume}`,
  'mount.refused': ({ message }) => message,
  'mount.released': ({ workload, volume }) => `${workload}: volume ${volume} released`,
  'mount.foreign': ({ workload, volume, holder }) =>
    `${workload}: volume ${volume} was held by ${holder}, which was not authorised: it was emptied`,
  'rollout.started': ({ workload, rollout, cause, strategy }) => `${workload}: ${cause}: ${strategy} (${rollout})`,
  'rollout.applied': ({ workload, rollout, ms }) => `${workload}: applied in ${ms} ms (${rollout})`,
  'rollout.superseded': ({ workload, rollout }) => `${workload}: overtaken by a newer change (${rollout})`,
  'rollout.ended': ({ workload, rollout, message }) => `${workload}: ended: ${message} (${rollout})`,
  'rollout.rolled_back': ({ workload, rollout, message }) => `${workload}: rolled back: ${message} (${rollout})`,
  'quarantine.set': ({ workload, read, version, reason }) =>
    `${workload}: ${read} version ${version} is quarantined: ${reason}`,
  'quarantine.released': ({ workload, read, version, reason }) =>
    `${workload}: ${read} version ${version} may be tried again: ${reason}`,
  'container.started': ({ workload, container, reason }) => `${workload}: ${container} was started: ${reason}`,
  'workload.failed': ({ message }) => message,
  'workload.paused': ({ workload }) => `${workload} is paused: its containers keep what they have`,
  'workload.resumed': ({ workload }) => `${workload} is resumed`,
  problem: ({ where, message }) => `${where}: ${message}`,
}

/** What a fact says, as one line of ASCII. */
export function sentenceOf(fact: Fact | Event): string {
  const tell = sentences[fact.kind] as (fact: Fact) => string
  return printable(tell(fact))
}
