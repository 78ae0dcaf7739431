import type { StatusAnswer } from '../../core/api.ts'
import { Failure } from '../../core/failure.ts'
import { nearestOr } from '../../core/nearest.ts'
import type { Call, Command } from '../command.ts'
import { json } from '../print.ts'
import { overview } from '../status-text.ts'
import { watching } from '../watching.ts'

export const status: Command = {
  name: 'status',
  usage: '[WORKLOAD]',
  summary: 'Show sources, workloads and what is wrong',
  examples: [
    ['docker dso status', 'everything'],
    ['docker dso status shop/api', 'one workload in detail'],
    ['docker dso status --watch', 'redrawn as it changes, until Ctrl-C'],
    ['docker dso status --check', 'exit status 8 when anything is not ok: for monitoring'],
  ],
  options: [
    { name: 'watch', short: 'w', text: 'show it again whenever it changes' },
    { name: 'check', text: 'exit with 8 when anything is not ok' },
  ],
  least: 0,
  most: 1,
  completes: 'workload',
  run: (call) => (call.options.has('watch') ? watching(call, () => look(call)) : once(call)),
}

async function once(call: Call): Promise<number> {
  const answer = chosen(await fetch(call), call.args[0])
  call.terminal.out(call.json ? json(answer) : draw(call, answer))
  return call.options.has('check') && !healthy(answer) ? 8 : 0
}

const look = async (call: Call): Promise<string> => {
  const answer = chosen(await fetch(call, call.terminal.ended), call.args[0])
  return call.json ? `${JSON.stringify(answer)}\n` : draw(call, answer)
}

const fetch = ({ client }: Call, signal?: AbortSignal): Promise<StatusAnswer> =>
  client.json<StatusAnswer>({ level: 'status', path: '/v1/status', ...(signal && { signal }) })

const draw = (call: Call, answer: StatusAnswer): string =>
  overview(answer, { terminal: call.terminal, now: Date.now(), detailed: call.args.length > 0 })

/** The part of the answer that somebody asked for by the name of a workload, container or source. Throws SECRET_NOT_FOUND. */
function chosen(answer: StatusAnswer, name: string | undefined): StatusAnswer {
  if (name === undefined) return answer
  const workloads = answer.workloads.filter(
    ({ workload, containers }) => workload === name || containers.some((container) => container.name === name),
  )
  const sources = answer.sources.filter((source) => source.name === name)
  if (workloads.length + sources.length > 0) return { ...answer, workloads, sources }
  const names = [...answer.workloads.map(({ workload }) => workload), ...answer.sources.map((source) => source.name)]
  const remedy = nearestOr(name, names, 'see docker dso status for what there is')
  throw new Failure('SECRET_NOT_FOUND', `there is no workload, container or source ${name}`, remedy)
}

const healthy = ({ sources, workloads, problems }: StatusAnswer): boolean =>
  problems.length === 0 &&
  sources.every(({ state }) => state === 'ok') &&
  workloads.every(({ state, quarantined }) => state === 'ok' && quarantined.length === 0)
