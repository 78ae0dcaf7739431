import type { AddressInfo, Server } from 'node:net'
import { fileURLToPath } from 'node:url'
import { eventually } from './eventually.ts'
import type { Lab } from './lab.ts'
import { mustRun, type Outcome, type Running, type RunOptions } from './processes.ts'
import { relay } from './relay.ts'

/** The ways between a lab's network and the machine's. */
export interface Ports {
  lend(port: number): Promise<void>
  reach(port: number, host?: string): Promise<number>
  close(): void
}

/** A network namespace beside the lab's, joined by a cable: where clients from outside are. */
export interface Outside {
  /** The lab's address as seen from outside, and the outside's own. */
  readonly labAddress: string
  readonly address: string
  run(argv: readonly string[], options?: RunOptions): Promise<Outcome>
  spawn(argv: readonly string[], options?: Omit<RunOptions, 'timeoutMs'>): Running
}

/** What of a lab the relays need. */
export interface PortsNeeds {
  readonly folder: string
  readonly node: string
  readonly spawn: Lab['spawn']
}

/** Makes the relays of one lab. */
export function createPorts({ folder, node, spawn }: PortsNeeds): Ports {
  const servers: Server[] = []
  const script = fileURLToPath(new URL('relay.ts', import.meta.url))
  const inside = async (listen: object, target: object) => {
    const config = JSON.stringify({ listen, target })
    const process = spawn([node, '--disable-warning=ExperimentalWarning', script, config])
    await eventually(() => process.stdout.includes('ready') || (process.running ? false : 'ended'), {
      what: `relay ${config}`,
      intervalMs: 5,
    })
    if (!process.running) throw new Error(`relay ${config}: ${process.output()}`)
  }
  return {
    lend: async (port) => {
      const path = `${folder}/lend-${port}.sock`
      servers.push(await relay({ path }, { host: '127.0.0.1', port }))
      await inside({ host: '0.0.0.0', port }, { path })
    },
    reach: async (port, host = '127.0.0.1') => {
      const path = `${folder}/reach-${servers.length}.sock`
      await inside({ path }, { host, port })
      const server = await relay({ host: '127.0.0.1', port: 0 }, { path })
      servers.push(server)
      return (server.address() as AddressInfo).port
    },
    close: () => {
      for (const server of servers) server.close()
    },
  }
}

/** Makes the outside of a lab; once per lab. */
export async function createOutside(lab: Lab): Promise<Outside> {
  const [labAddress, address] = ['10.99.0.1', '10.99.0.2']
  const script = [
    'ip netns add outside',
    'ip link add inside type veth peer name outside netns outside',
    `ip address add ${labAddress}/24 dev inside`,
    'ip link set inside up',
    `ip -n outside address add ${address}/24 dev outside`,
    'ip -n outside link set outside up',
    'ip -n outside link set lo up',
    `ip -n outside route add default via ${labAddress}`,
  ]
  const made = await lab.run(['sh', '-ec', script.join('\n')])
  if (made.code !== 0) throw new Error(`the outside: ${made.stderr}`)
  const there = (argv: readonly string[]) => ['nsenter', '--net=/run/netns/outside', '--', ...argv]
  return {
    labAddress,
    address,
    run: (argv, options) => lab.run(there(argv), options),
    spawn: (argv, options) => lab.spawn(there(argv), options),
  }
}

/** Joins two labs by a cable, for a Swarm of two nodes; returns their addresses on it. */
export async function join(one: Lab, other: Lab): Promise<[string, string]> {
  const addresses: [string, string] = ['10.98.0.1', '10.98.0.2']
  const cable = ['type', 'veth', 'peer', 'name', 'cable', 'netns', String(other.holder)]
  await mustRun(['ip', 'link', 'add', 'cable', 'netns', String(one.holder), ...cable])
  for (const [lab, address] of [
    [one, addresses[0]],
    [other, addresses[1]],
  ] as const) {
    await lab.run(['ip', 'address', 'add', `${address}/24`, 'dev', 'cable'])
    await lab.run(['ip', 'link', 'set', 'cable', 'up'])
  }
  return addresses
}
