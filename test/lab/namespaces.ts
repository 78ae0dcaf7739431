import { type EngineName, engineFolder } from './engines.ts'

/** The folders whose changes inside a lab stay in the lab: an overlay over the machine's own. */
const overlaid = ['/etc', '/root', '/var/lib', '/var/log', '/usr/local', '/opt']

/** The folders a lab has to itself, empty, on its own disk folder. */
const own = ['/var/lib/docker', '/var/lib/dso', '/etc/dso', '/etc/docker', '/var/log/dso', '/root/.docker']

/**
 * The script that makes a lab's view of the machine, run as root in new mount and network namespaces:
 *  1. keep the folders that must stay the real ones (the repository, the engines) at hand;
 *  2. lay overlays over the folders software is set up in, so that no mount point is made on the machine;
 *  3. put the kept folders back where an overlay hides them;
 *  4. lay the lab's own empty folders and an empty /run;
 *  5. share mounts between all processes of the lab, as systemd does on a real host.
 */
export function setupScript(folder: string, keep: readonly string[]): string {
  const hidden = keep.filter((path) => overlaid.some((tree) => path.startsWith(`${tree}/`)))
  const lines = ['set -e', `cd ${quote(folder)}`, 'mkdir -p keep upper work own']
  hidden.forEach((path, index) => {
    lines.push(`mkdir keep/${index}; mount --bind ${quote(path)} keep/${index}`)
  })
  overlaid.forEach((tree, index) => {
    const layers = `lowerdir=${tree},upperdir=${folder}/upper/${index},workdir=${folder}/work/${index}`
    lines.push(
      `[ ! -d ${tree} ] || { mkdir upper/${index} work/${index}; chmod --reference=${tree} upper/${index}`,
      `mount -t overlay overlay -o ${quote(layers)} ${tree}; }`,
    )
  })
  hidden.forEach((path, index) => {
    lines.push(`mkdir -p ${quote(path)}; mount --bind keep/${index} ${quote(path)}; umount keep/${index}`)
  })
  own.forEach((path, index) => {
    lines.push(`mkdir -p ${path} own/${index}; chmod 700 own/${index}; mount --bind own/${index} ${path}`)
  })
  lines.push(
    'chmod 755 /etc/docker /etc/dso',
    'mkdir /root/.docker/cli-plugins',
    `ln -s ${quote(engineFolder('current'))}/cli-plugins/* /root/.docker/cli-plugins/`,
    'mount -t tmpfs -o mode=755 tmpfs /run',
    'mkdir -m 1777 /run/lock',
    'mkdir -p /run/docker/plugins',
    'mount --make-rshared /',
    'ip link set lo up',
  )
  return lines.join('\n')
}

/**
 * The script of a lab's holder, once the view is made. Each line it reads starts dockerd, whose start and end it
 * tells in lines of their own. It runs below an init that adopts orphans (a killed dockerd leaves its containerd and
 * the shims), because the first process of the machine may not bury them, and dockerd takes a dead containerd for a
 * living one as long as it is not buried.
 */
export function holdScript(folder: string, engine: EngineName, dockerd: readonly string[]): string {
  const daemon = `${dockerd.map(quote).join(' ')} </dev/null >>${quote(`${folder}/dockerd.log`)} 2>&1`
  const serve = [
    'echo ready',
    'while read -r _; do',
    `  ( ${daemon} & pid=$!; echo "started $pid"; wait $pid; echo "ended $pid $?" ) &`,
    'done',
    'exec sleep infinity',
  ]
  return `exec ${quote(engineFolder(engine))}/bin/docker-init -s -- sh -c ${quote(serve.join('\n'))}`
}

/** The environment of every program in a lab: nothing of the test's own, the engine's programs first. */
export function labEnvironment(engine: EngineName, id: string): Record<string, string> {
  return {
    PATH: `${engineFolder(engine)}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    HOME: '/root',
    LANG: 'C.UTF-8',
    DOCKER_CONFIG: '/root/.docker',
    DSO_LAB: id,
  }
}

/** The start of a command line that runs a program in the namespaces of the process `holder`, in the folder `cwd` there. */
export function entering(holder: number, cwd: string): string[] {
  // nsenter and env replace themselves by the program, so the pid of the command is the program's.
  return ['nsenter', `--target=${holder}`, '--mount', '--net', '--uts', '--ipc', '--', 'env', '-C', cwd, '--']
}

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`
