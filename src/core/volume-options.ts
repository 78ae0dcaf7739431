import { adviceOr } from './advice.ts'
import { Failure } from './failure.ts'

type Labels = Readonly<Record<string, string>>

const ALLOWED = /^dso\.(secret\..|(mode|uid|gid)(\..|$))/s

const TAKES =
  'driver_opts take dso.secret.FILE, dso.mode, dso.uid and dso.gid; everything else is a label of the service'

/** Throws Failure BAD_LABEL for driver_opts other than dso.secret.*, dso.mode*, dso.uid* and dso.gid*. */
export function refuseOptions(options: Labels): void {
  for (const name of Object.keys(options).sort()) {
    if (ALLOWED.test(name)) continue
    if (name === 'dso.shim') throw bad(name, 'variables are not in this version', 'ask for files: dso.secret.FILE')
    throw bad(
      name,
      'a volume takes no such option',
      ALLOWED.test(`dso.${name}`) ? adviceOr(`did you mean dso.${name}?`, TAKES) : TAKES,
    )
  }
}

/**
 * What a container asks for by its labels together with its volume's driver_opts. Throws Failure BAD_LABEL for an
 * option that is none, and for one that a label contradicts.
 */
export function mergeOptions(labels: Labels, options: Labels): Labels {
  refuseOptions(options)
  for (const name of Object.keys(options).sort()) {
    if (!Object.hasOwn(labels, name) || labels[name] === options[name]) continue
    throw bad(
      name,
      'the label and driver_opts of the volume differ',
      'keep one of the two; driver_opts change only with docker volume rm',
    )
  }
  return { ...options, ...labels }
}

const bad = (name: string, what: string, remedy: string): Failure =>
  new Failure('BAD_LABEL', `${name}: ${what}`, remedy)
