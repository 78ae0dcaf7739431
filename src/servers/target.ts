import { Failure } from '../core/failure.ts'
import type { Reference, Workload } from '../core/model.ts'
import { nearestOr } from '../core/nearest.ts'
import { parseReference } from '../core/reference.ts'
import type { Names } from './parts.ts'

/** What a name on the command line means. */
export type Target =
  | { readonly kind: 'workload'; readonly workload: Workload }
  | { readonly kind: 'volume'; readonly volume: string }
  | { readonly kind: 'reference'; readonly reference: Reference }

/**
 * WORKLOAD, container, volume or REF, in this order. Throws SECRET_NOT_FOUND with the nearest name for anything else,
 * and BAD_REFERENCE for a text that begins as a reference and is none.
 */
export function resolveTarget(text: string, names: Names): Target {
  if (text.startsWith('dso:')) return { kind: 'reference', reference: parseReference(text) }
  if (names.workloads.includes(text)) return { kind: 'workload', workload: text }
  const workload = names.containers.get(text)
  if (workload !== undefined) return { kind: 'workload', workload }
  if (names.volumes.includes(text)) return { kind: 'volume', volume: text }
  if (names.references.includes(`dso://local/${text.split(/[?#]/)[0]}`)) {
    return { kind: 'reference', reference: parseReference(`dso://local/${text}`) }
  }
  const all = [...names.workloads, ...names.volumes, ...names.containers.keys(), ...names.references]
  const remedy = nearestOr(text, all, 'see docker dso status for what there is')
  throw new Failure('SECRET_NOT_FOUND', `there is no workload, container, volume or secret ${text}`, remedy)
}

/** A target that must be a workload. Throws SECRET_NOT_FOUND with the nearest name. */
export function workloadNamed(text: string, names: Names): Workload {
  if (names.workloads.includes(text)) return text
  const workload = names.containers.get(text)
  if (workload !== undefined) return workload
  const remedy = nearestOr(text, [...names.workloads, ...names.containers.keys()], 'see docker dso status')
  throw new Failure('SECRET_NOT_FOUND', `there is no workload ${text}`, remedy)
}
