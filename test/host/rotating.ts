import type { RolloutRecord, StatusAnswer } from '../../src/core/api.ts'
import { eventually } from '../lab/lab.ts'
import { type Stage, withSecrets } from './stage.ts'

/** What tests of rotations do and see on a stage. A container `name` has one secret, dso://local/name, in the file `db`. */
export function rotating(it: Stage) {
  const json = async <T>(...args: [string, ...string[]]) => JSON.parse(await it.lab.dso(...args, '--json')) as T
  const set = (path: string, value: string) => it.lab.dso('secret', 'set', `dso://local/${path}`, { input: value })
  const inside = (container: string) => it.lab.docker('exec', container, 'cat', '/run/secrets/db').catch(() => '')
  /** Newest first. */
  const rollouts = async (workload: string) =>
    (await json<RolloutRecord[]>('rollout', 'list')).filter((one) => one.workload === workload)

  return {
    set,
    inside,
    rollouts,
    outcomes: async (workload: string) => (await rollouts(workload)).map(({ outcome }) => outcome),
    stateOf: async (workload: string) =>
      (await json<StatusAnswer>('status')).workloads.find((one) => one.workload === workload),
    /** Starts a container, and waits until it sleeps, having done what `first` says. It ends by itself once /fall exists. */
    run: async (name: string, labels: Record<string, string>, more: string[] = [], first = ':'): Promise<void> => {
      const secrets = withSecrets(name, { 'secret.db': `dso://local/${name}`, 'rotation.settle': '1s', ...labels })
      const script = `${first}; touch /ready; while :; do sleep 0.1; [ -e /fall ] && exit 5; done`
      await it.lab.docker('run', '-d', '--init', '--name', name, ...secrets, ...more, 'box', 'sh', '-c', script)
      await eventually(async () => (await it.lab.tryDocker('exec', name, 'test', '-e', '/ready')).code === 0, {
        what: `start of ${name}`,
      })
    },
    /** Waits until the last of at least `count` rollouts has ended, and returns it. */
    ended: (name: string, count = 1) =>
      eventually(
        async () => {
          const list = await rollouts(name)
          return list.length >= count && list[0]?.outcome !== 'open' ? (list[0] ?? null) : null
        },
        { what: `end of rollout ${count} of ${name}`, deadlineMs: 30_000 },
      ),
    /** Waits until the container reads this. */
    reads: (name: string, value: string) =>
      eventually(async () => (await inside(name)) === value, { what: `${name} reads ${value}`, deadlineMs: 30_000 }),
  }
}
