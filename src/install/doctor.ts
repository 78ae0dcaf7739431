import type { CheckLine } from '../core/api.ts'
import { isFailure } from '../core/failure.ts'
import { createEngine } from '../docker/engine.ts'
import { paths } from '../host/paths.ts'
import { gatherHostFacts, type HostFactsNeeds } from './facts.ts'
import { judgeHost } from './judge-host.ts'

export interface DoctorNeeds {
  /** The agent's half: `GET /v1/checks`. Its Failure says why there is none. */
  readonly agentChecks: (signal: AbortSignal) => Promise<readonly CheckLine[]>
  readonly env: HostFactsNeeds['env']
  readonly program: string
  /** Docker on this host; its standard socket when absent. */
  readonly engine?: HostFactsNeeds['engine']
}

/**
 * Every assumption that this version rests on, each with what was found and, unless it holds, a remedy. The agent's half
 * comes after the host's; an agent that does not answer is a finding like any other. Throws only the signal's reason.
 */
export async function doctor(needs: DoctorNeeds, signal: AbortSignal): Promise<CheckLine[]> {
  const engine = needs.engine ?? createEngine({ socket: paths.dockerSocket })
  const host = gatherHostFacts({ engine, env: needs.env, program: needs.program }, signal)
  const agent = agentHalf(needs.agentChecks, signal)
  return [...judgeHost(await host), ...(await agent)]
}

async function agentHalf(ask: DoctorNeeds['agentChecks'], signal: AbortSignal): Promise<CheckLine[]> {
  try {
    return [{ name: 'agent', state: 'ok', found: 'it answers' }, ...(await ask(signal))]
  } catch (error) {
    signal.throwIfAborted()
    if (isFailure(error)) return [{ name: 'agent', state: 'fail', found: error.what, remedy: error.remedy }]
    return [{ name: 'agent', state: 'fail', found: 'it does not answer', remedy: 'see its log: journalctl -u dso' }]
  }
}
