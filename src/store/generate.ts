import { Failure, isFailure } from '../core/failure.ts'
import { makeGeneration } from '../core/generation.ts'
import type { Asked, Binding, Expansion, Generation, Read, ReadKey, Reference } from '../core/model.ts'
import { pinnedVersion, readKey } from '../core/reference.ts'
import { insertsOf } from '../core/value.ts'
import { expand, fieldNames, type Members } from './expand.ts'
import { needing, render } from './render.ts'
import type { RenderedFile } from './secret.ts'
import type { Held, Store } from './store.ts'

export interface GenerateNeeds {
  readonly store: Pick<Store, 'ensure' | 'children'>
  readonly maxValueBytes: () => number
}

export interface GenerateOptions {
  /** Versions that must be served. */
  readonly pins?: Readonly<Record<ReadKey, string>>
  /** Asked of each version that no pin chose: undefined takes it, a string is the version to take instead, a Failure is thrown. */
  readonly avoid?: (read: ReadKey, version: string) => string | undefined | Failure
  readonly signal: AbortSignal
}

/**
 * From what is asked for to one complete generation and the bytes of its files. Throws Failure: `FILE needs REFERENCE:
 * …`, without saying whose file; that is the caller's to add.
 */
export type Generate = (
  asked: Asked,
  o: GenerateOptions,
) => Promise<{ readonly generation: Generation; readonly files: RenderedFile[] }>

/** One reference, and the file that needs it. */
interface Need {
  readonly file: string
  readonly reference: Reference
}

type Contents = ReadonlyMap<ReadKey, Held>

export function createGenerate({ store, maxValueBytes }: GenerateNeeds): Generate {
  return async (asked, o) => {
    const children = await childrenOf(asked.expansions, store, o.signal)
    const listed = expand({ ...asked, expansions: [...children.keys()] }, (expansion) => ({
      names: children.get(expansion) ?? [],
      of: 'children',
    }))
    const fieldsAsked = asked.expansions.filter(({ reference }) => reference.wildcard === 'fields')
    const needs = [...needsOf(listed), ...fieldsAsked.map(({ reference }) => ({ file: '*', reference }))]
    const contents = await allowed(needs, await held(needs, store, o.pins, o.signal), store, o)
    const members: Members = (expansion) => {
      const names = children.get(expansion)
      if (names !== undefined) return { names, of: 'children' }
      const { content } = contents.get(readKey(expansion.reference))!
      return { names: naming({ file: '*', reference: expansion.reference }, fieldNames, content), of: 'fields' }
    }
    const bindings = expand(asked, members)
    const files = bindings.map((binding) => rendered(binding, contents, maxValueBytes()))
    return { generation: makeGeneration(bindings, readsOf(bindings, contents), endingInNewline(files)), files }
  }
}

async function childrenOf(
  expansions: readonly Expansion[],
  store: GenerateNeeds['store'],
  signal: AbortSignal,
): Promise<ReadonlyMap<Expansion, readonly string[]>> {
  const found = new Map<Expansion, readonly string[]>()
  for (const expansion of expansions) {
    const { reference } = expansion
    if (reference.wildcard !== 'children') continue
    const names = await store.children(reference, signal).catch((error: unknown) => {
      throw isFailure(error) ? inFile('*', needing(reference, error)) : error
    })
    if (names.length === 0) throw inFile('*', needing(reference, noneBelow(reference)))
    found.set(expansion, names)
  }
  return found
}

/** A path that is misspelt must not start a container without its secrets. */
const noneBelow = ({ source, path }: Reference): Failure =>
  new Failure('SECRET_NOT_FOUND', `${source} has no secret directly below ${path}`, 'correct the label, or set one')

/** Every read that is needed, or the first failure. */
async function held(
  needs: readonly Need[],
  store: GenerateNeeds['store'],
  pins: GenerateOptions['pins'],
  signal: AbortSignal,
): Promise<Contents> {
  const references = needs.map(({ reference }) => reference)
  const answers = await store.ensure(references, { ...(pins ? { pins } : {}), signal })
  const contents = new Map<ReadKey, Held>()
  for (const { file, reference } of needs) {
    const answer = answers.get(readKey(reference))
    if (answer === undefined) throw new Error(`${readKey(reference)} was not answered`)
    if (isFailure(answer)) throw inFile(file, needing(reference, answer))
    contents.set(answer.read, answer)
  }
  return contents
}

/** Takes other versions for those to be avoided. All are read again then, so that every content is a fresh one. */
async function allowed(
  needs: readonly Need[],
  contents: Contents,
  store: GenerateNeeds['store'],
  { pins = {}, avoid, signal }: GenerateOptions,
): Promise<Contents> {
  if (avoid === undefined) return contents
  const instead: Record<ReadKey, string> = {}
  for (const { file, reference } of needs) {
    const read = readKey(reference)
    if (pins[read] !== undefined || pinnedVersion(reference) !== undefined) continue
    const answer = avoid(read, contents.get(read)!.version)
    if (isFailure(answer)) throw inFile(file, needing(reference, answer))
    if (answer !== undefined) instead[read] = answer
  }
  if (Object.keys(instead).length === 0) return contents
  return await held(needs, store, { ...pins, ...instead }, signal)
}

function rendered(binding: Binding, contents: Contents, maxBytes: number): RenderedFile {
  const { file, mode, uid, gid } = binding
  try {
    return { file, mode, uid, gid, bytes: render(binding.value, contents, maxBytes) }
  } catch (error) {
    throw isFailure(error) ? inFile(file, error) : error
  }
}

function naming<T>(
  { file, reference }: Need,
  names: (content: T, reference: Reference) => string[],
  content: T,
): string[] {
  try {
    return names(content, reference)
  } catch (error) {
    throw isFailure(error) ? inFile(file, needing(reference, error)) : error
  }
}

/** Only the reads that files were made of. */
function readsOf(bindings: readonly Binding[], contents: Contents): Record<ReadKey, Read> {
  const reads: Record<ReadKey, Read> = {}
  for (const { reference } of needsOf(bindings)) {
    const { read, version, mark } = contents.get(readKey(reference))!
    reads[read] = { version, mark }
  }
  return reads
}

const endingInNewline = (files: readonly RenderedFile[]): string[] =>
  files.filter(({ bytes }) => bytes.reveal((all) => all.at(-1) === 0x0a)).map(({ file }) => file)

const needsOf = (bindings: readonly Binding[]): Need[] =>
  bindings.flatMap(({ file, value }) => insertsOf(value).map(({ reference }) => ({ file, reference })))

const inFile = (file: string, { code, what, remedy, where }: Failure): Failure =>
  new Failure(code, `${file} ${what}`, remedy, where)
