import { appendFileSync, mkdirSync, readFileSync } from 'node:fs'
import { eventually, type Lab } from '../lab/lab.ts'

/** The files of the set that is read, all of one generation. */
export const names = ['a', 'b', 'c', 'd'] as const

/** Where readers say what they saw: RAM of the lab, so that it outlives containers and dockerd. */
const out = '/run/readers'

/**
 * Readers as applications are: `set` resolves the directory once and reads every file of it, `file` opens single files
 * through their links, `whole` reads each file to its end. They fork as little as possible and rest
 * in between, so that they leave the machine to what is tested; four never rest and take what is left of it.
 */
const reader = `#!/bin/sh
kind=$1
exec 3<>/tmp/nap
n=0
wrong() { echo "$kind reader: $1" >> /out/wrong; }
good() { case $1 in g*-good-end|g*-bad-end) return 0;; esac; wrong "$2 holds '$1'"; return 1; }
enter() { cd -P /run/secrets/..data 2>/dev/null && return 0; wrong '..data is missing'; return 1; }
first() { v=; read -r v 2>/dev/null < "$1"; good "$v" "$1"; }
set_of() {
  enter && first a || return
  was=$v
  for f in b c d; do first $f && [ "$v" != "$was" ] && wrong "mixed: a holds $was, $f holds $v"; done
}
file_of() { for f in a b c d; do first /run/secrets/$f; done; }
whole_of() {
  enter && first a || return
  last=$(tail -qn 1 a b c d 2>&1)
  [ "$last" = "$v$v$v$v" ] || wrong "cut: begins with $v, ends with $last"
}
while :; do
  "$kind"_of
  n=$((n + 1))
  [ $((n % $3)) -eq 0 ] && echo "$kind $3" >> /out/read
  [ "$2" = 0 ] || read -r -t "$2" x <&3
done
`

/** The main program: starts the readers, ends when it is asked to, and writes down the value it finds whenever it is told to look again. */
const app = `#!/bin/sh
trap 'cd -P /run/secrets/..data; v=; read -r v < a; echo "$v" >> /out/told' HUP
trap 'exit 0' TERM
mkfifo /tmp/nap
i=0
while [ $i -lt 28 ]; do /reader set 0.03 20 & i=$((i + 1)); done
i=0
while [ $i -lt 10 ]; do /reader file 0.03 20 & i=$((i + 1)); done
i=0
while [ $i -lt 8 ]; do /reader whole 0.2 5 & i=$((i + 1)); done
for kind in set set file file; do nice -n 19 /reader $kind 0 500 & done
echo up >> /out/up
while :; do wait; done
`

/** Healthy unless the value says that it is bad. */
const check = `#!/bin/sh
read -r v < /run/secrets/a
case $v in *-bad-end) exit 1;; esac
`

/** Makes the image `readers`: fifty readers, a program that is told by SIGHUP, and its check. */
export const readersImage = (lab: Lab): Promise<void> =>
  lab.image('readers', {
    files: { '/reader': reader, '/app': app, '/check': check },
    dirs: ['/out'],
    dockerfileChanges: ['CMD ["/app"]'],
  })

/** What fifty readers saw so far. */
export interface Readers {
  /** Arguments of `docker run` that let them write it down. */
  readonly mount: readonly string[]
  /** Whatever was not one whole set. */
  wrong(): readonly string[]
  /** How often sets and files were read, in some steps. */
  reads(): number
  /** What the program read each time it was told to look again. */
  told(): readonly string[]
  /** Waits until every kind of reader has read again, from now on. */
  reading(): Promise<void>
}

export function createReaders(lab: Lab): Readers {
  mkdirSync(lab.path(out), { recursive: true, mode: 0o777 })
  const lines = (name: string): string[] => {
    try {
      return readFileSync(lab.path(`${out}/${name}`), 'utf8')
        .split('\n')
        .slice(0, -1)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw error
    }
  }
  for (const name of ['wrong', 'read', 'told', 'up']) appendFileSync(lab.path(`${out}/${name}`), '')
  return {
    mount: ['-v', `${out}:/out`],
    wrong: () => lines('wrong'),
    reads: () => lines('read').reduce((sum, line) => sum + Number(line.split(' ')[1]), 0),
    told: () => lines('told'),
    reading: async () => {
      const before = lines('read').length
      const kinds = () =>
        new Set(
          lines('read')
            .slice(before)
            .map((line) => line.split(' ')[0]),
        )
      await eventually(() => kinds().size === 3, { what: 'all kinds of readers reading', deadlineMs: 30_000 })
    },
  }
}
