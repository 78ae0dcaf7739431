/** How the agent is started. */
export interface Program {
  /** The Node.js that runs it, absolute. */
  readonly node: string
  /** The built command line, absolute. */
  readonly cli: string
}

/** Options of Node that the agent is run with: no debugger on SIGUSR1 (docs/requirements.md 12). */
export const nodeOptions: readonly string[] = [
  '--disable-sigusr1',
  '--disable-warning=ExperimentalWarning',
  // Young values are few and short: half the memory for the same work.
  '--max-semi-space-size=2',
]

/**
 * Holds the plugin socket from before docker.service: what dockerd asks while no agent runs waits in the socket's queue
 * (an absent plugin costs dockerd 15 s a volume).
 */
export const socketUnit = (): string => `[Unit]
Description=Docker Secret Operator: volume plugin socket
Before=docker.service

[Socket]
ListenStream=/run/docker/plugins/dso.sock
SocketMode=0600
DirectoryMode=0755
RemoveOnStop=yes

[Install]
WantedBy=sockets.target
`

/**
 * The agent. Nothing here makes a mount namespace (dockerd must see its mounts), nothing orders it after docker (dockerd
 * asks it while it boots), and its memory is neither swapped nor dumped (docs/requirements.md 12).
 */
export const serviceUnit = ({ node, cli }: Program): string => `[Unit]
Description=Docker Secret Operator
Wants=dso.socket
After=dso.socket
Before=docker.service
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart=${[quoted(node), ...nodeOptions, quoted(cli), 'agent'].join(' ')}
Restart=always
RestartSec=1
KillMode=mixed
Environment=MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=65536
UnsetEnvironment=NODE_OPTIONS NODE_DEBUG NODE_DEBUG_NATIVE NODE_V8_COVERAGE NODE_EXTRA_CA_CERTS
UMask=0077
MemorySwapMax=0
LimitCORE=0
OOMScoreAdjust=-500
NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
SystemCallArchitectures=native

[Install]
WantedBy=multi-user.target
`

/** A word of ExecStart as systemd reads it (systemd.service(5), command lines). */
const quoted = (path: string): string =>
  `"${path.replace(/["\\]/g, '\\$&').replaceAll('%', '%%').replaceAll('$', '$$$$')}"`
