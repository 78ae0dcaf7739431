import type { Secret } from './secret.ts'

/** What one version of a secret holds: one value, or fields by name. */
export type Content =
  | { readonly kind: 'value'; readonly value: Secret }
  | { readonly kind: 'fields'; readonly fields: ReadonlyMap<string, FieldContent> }

/** `string`: the bytes of the field. `json`: the source's own JSON text of anything else (number, object, array, boolean), numbers as it spells them. */
export interface FieldContent {
  readonly kind: 'string' | 'json'
  readonly value: Secret
}
