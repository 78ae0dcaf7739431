import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { engineCache } from './engines.ts'
import { mustRun } from './processes.ts'

/** What an image holds beside busybox, and how it is configured. */
export interface ImageOptions {
  /** Lines of a Dockerfile, such as `USER 1000` or `ENTRYPOINT ["/app"]`; later lines win over the default `ENV PATH=/bin`. */
  readonly dockerfileChanges?: readonly string[] | undefined
  /** Absolute path to content; scripts (`#!`) and ELF programs become executable. */
  readonly files?: Readonly<Record<string, string | Buffer>> | undefined
  /** Empty directories, absolute. */
  readonly dirs?: readonly string[] | undefined
}

/** Runs `docker` in the lab. */
export type DockerRunner = (args: readonly string[], input: Buffer | string) => Promise<unknown>

/** Makes an image from Debian's static busybox, with a link for each applet in /bin. */
export async function makeImage(docker: DockerRunner, name: string, options: ImageOptions = {}): Promise<void> {
  const base = await boxRootfs()
  const plain = !options.files && !options.dirs
  const tar = plain
    ? await mustRun(['cat', base])
    : await withFolder(async (folder) => {
        await mustRun(['tar', '-C', folder, '-xf', base])
        fill(folder, options)
        return pack(folder)
      })
  await load(docker, name, tar.stdoutBytes, ['ENV PATH=/bin', 'CMD ["/bin/sh"]', ...(options.dockerfileChanges ?? [])])
}

/** Makes an image that holds one static program, /app, and nothing else. */
export async function makeDistroless(
  docker: DockerRunner,
  name: string,
  program: string,
  options: ImageOptions = {},
): Promise<void> {
  const tar = await withFolder((folder) => {
    copyFileSync(program, join(folder, 'app'))
    chmodSync(join(folder, 'app'), 0o755)
    fill(folder, options)
    return pack(folder)
  })
  await load(docker, name, tar.stdoutBytes, ['ENTRYPOINT ["/app"]', ...(options.dockerfileChanges ?? [])])
}

async function load(docker: DockerRunner, name: string, tar: Buffer, changes: readonly string[]): Promise<void> {
  await docker(['import', ...changes.flatMap((change) => ['--change', change]), '-', name], tar)
}

/** The base file system as a tar file, made once for this machine and kept beside the engines. */
async function boxRootfs(): Promise<string> {
  const file = `${engineCache()}/box-1.tar`
  if (existsSync(file)) return file
  const program = ['/bin/busybox', '/usr/bin/busybox'].find((path) => existsSync(path))
  if (!program) throw new Error('no busybox here; run scripts/engines install')
  const applets = (await mustRun([program, '--list'])).stdout.split('\n').filter(Boolean)
  await withFolder(async (folder) => {
    for (const dir of ['bin', 'etc', 'home', 'proc', 'root', 'run', 'sys', 'dev', 'tmp', 'var'])
      mkdirSync(join(folder, dir))
    chmodSync(join(folder, 'tmp'), 0o1777)
    copyFileSync(program, join(folder, 'bin/busybox'))
    for (const applet of applets) if (applet !== 'busybox') symlinkSync('busybox', join(folder, 'bin', applet))
    writeFileSync(join(folder, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000:app:/home:/bin/sh\n')
    writeFileSync(join(folder, 'etc/group'), 'root:x:0:\napp:x:1000:\n')
    const made = `${file}.${process.pid}`
    writeFileSync(made, (await pack(folder)).stdoutBytes)
    renameSync(made, file)
  })
  return file
}

const pack = (folder: string) => mustRun(['tar', '-C', folder, '--numeric-owner', '--owner=0', '--group=0', '-c', '.'])

function fill(folder: string, options: ImageOptions): void {
  for (const dir of options.dirs ?? []) mkdirSync(join(folder, dir), { recursive: true })
  for (const [path, content] of Object.entries(options.files ?? {})) {
    const target = join(folder, path)
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, content)
    chmodSync(target, executable(content) ? 0o755 : 0o644)
  }
}

function executable(content: string | Buffer): boolean {
  const start = content.slice(0, 4).toString('latin1')
  return start.startsWith('#!') || start === '\x7fELF'
}

async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'dso-image-'))
  chmodSync(folder, 0o755)
  try {
    return await use(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
