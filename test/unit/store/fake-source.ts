import { Failure } from '../../../src/core/failure.ts'
import type { Content } from '../../../src/store/content.ts'
import { packContent, unpackContent } from '../../../src/store/content-bytes.ts'
import { splitObject } from '../../../src/store/json.ts'
import { Secret } from '../../../src/store/secret.ts'
import type { Source } from '../../../src/store/source.ts'

export const oneValue = (text: string): Content => ({ kind: 'value', value: new Secret(Buffer.from(text)) })
export const fieldsOf = (object: object): Content => ({
  kind: 'fields',
  fields: splitObject(Buffer.from(JSON.stringify(object))),
})

/** A source in memory, which counts reads and fails on request. */
export interface FakeSource extends Source {
  reads: number
  /** Thrown by every read while it is set. */
  failure: Failure | undefined
  /** Awaited by every read. */
  gate: Promise<void> | undefined
  aborted: number
  put(path: string, content: Content): void
  forget(path: string, version?: string): void
}

export function fakeSource(): FakeSource {
  const secrets = new Map<string, Map<string, Content>>()
  const listeners: ((path: string | undefined) => void)[] = []
  const tell = (path: string): void => {
    for (const listener of listeners) listener(path)
  }
  const source: FakeSource = {
    reads: 0,
    failure: undefined,
    gate: undefined,
    aborted: 0,
    put: (path, content) => {
      const versions = secrets.get(path) ?? new Map<string, Content>()
      secrets.set(path, versions.set(String(versions.size + 1), content))
      tell(path)
    },
    forget: (path, version) => void (version === undefined ? secrets.delete(path) : secrets.get(path)?.delete(version)),
    read: async (path, pinned, signal) => {
      source.reads += 1
      signal.addEventListener('abort', () => (source.aborted += 1))
      await source.gate
      if (source.failure !== undefined) throw source.failure
      const versions = secrets.get(path)
      const version = pinned ?? [...(versions?.keys() ?? [])].at(-1)
      const content = versions?.get(version ?? '')
      if (version === undefined || content === undefined)
        throw new Failure('SECRET_NOT_FOUND', `local has no secret ${path}`, 'set it')
      return { version, content: packContent(content).reveal(unpackContent) }
    },
    children: async (path) => {
      const head = `${path}/`
      return [...secrets.keys()]
        .filter((one) => one.startsWith(head))
        .map((one) => one.slice(head.length))
        .sort()
    },
    onChange: (listener) => void listeners.push(listener),
  }
  return source
}
