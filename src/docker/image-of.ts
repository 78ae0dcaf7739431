import { EngineError } from './engine-error.ts'
import { type Json, object, text } from './json-fields.ts'

/**
 * The image that a container was made of, as one text. With the containerd store an image's id may stand for one image
 * for each platform, each with labels of its own: then the manifest is named too (`ID MANIFEST PLATFORM`), as Docker's
 * list and dockerd's own records tell it since API 1.48.
 */
export function imageOf(id: unknown, descriptor: unknown): string {
  const { digest, platform } = object(descriptor)
  if (text(digest) === '' || text(digest) === text(id)) return text(id)
  const { os, architecture, variant, 'os.version': version } = object(platform)
  const named = { os, architecture, ...(variant ? { variant } : {}), ...(version ? { 'os.version': version } : {}) }
  return `${text(id)} ${text(digest)} ${JSON.stringify(named)}`
}

/** The call that asks for exactly this image (`platform`: API 1.49). */
export function imagePath(image: string): string {
  const [id = '', , ...platform] = image.split(' ')
  const query = platform.length === 0 ? '' : `?platform=${encodeURIComponent(platform.join(' '))}`
  return `/images/${encodeURIComponent(id)}/json${query}`
}

/** Throws EngineError `refused` for an answer that tells of another manifest: an engine before API 1.49 has ignored the platform. */
export function refuseOther(image: string, answer: Json): void {
  const [, manifest] = image.split(' ')
  const told = [text(answer['Id']), text(object(answer['Descriptor'])['digest'])]
  if (manifest === undefined || told.includes(manifest)) return
  throw new EngineError('refused', 'Docker tells of the image of another platform')
}
