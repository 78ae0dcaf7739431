/** Percent encoding of the names in a reference: bytes of UTF-8 in NFC, upper-case hex, only where it must be. */

/** What separates, closes or hides a name: blanks and control characters among them. */
const MUST = /[\p{Cc}\p{Z}\ufeff/?#%<>|*]/gu
const MUST_IN_QUERY = /[\p{Cc}\p{Z}\ufeff/?#%<>|*&=]/gu

export const encodeName = (name: string): string => name.replace(MUST, escaped)

export const encodeQuery = (name: string): string => name.replace(MUST_IN_QUERY, escaped)

/** Decodes once and brings to NFC; a `%` that begins no escape stands for itself. Undefined: the bytes are not UTF-8. */
export function decodeName(raw: string): string | undefined {
  const bytes: number[] = []
  for (const [part] of raw.matchAll(/%[0-9a-fA-F]{2}|[^%]+|%/g)) {
    if (part.length === 3 && part.startsWith('%')) bytes.push(Number.parseInt(part.slice(1), 16))
    else bytes.push(...new TextEncoder().encode(part))
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes)).normalize('NFC')
  } catch {
    return undefined
  }
}

function escaped(char: string): string {
  return Array.from(new TextEncoder().encode(char), (byte) => `%${hex(byte)}`).join('')
}

const hex = (byte: number): string => byte.toString(16).toUpperCase().padStart(2, '0')
