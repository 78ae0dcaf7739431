import { readFileSync } from 'node:fs'

/** The number of a group of this host (group(5)); undefined when there is none of this name. */
export function groupId(name: string, file = '/etc/group'): number | undefined {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
  const line = text.split('\n').find((one) => one.startsWith(`${name}:`))
  const digits = line?.split(':')[2] ?? ''
  return /^\d{1,10}$/.test(digits) ? Number(digits) : undefined
}
