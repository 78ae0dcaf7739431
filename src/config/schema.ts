import * as z from 'zod'
import { parseDuration } from '../core/duration.ts'
import { modeMeant } from '../core/mode-labels.ts'
import type { Settings } from '../core/settings.ts'
import { paths } from '../host/paths.ts'

/** Message of an issue: what is wrong, then what to do, parted by this. */
export const parting = ' => '

const saying = (what: string, remedy: string) => ({ message: `${what}${parting}${remedy}` })

/** A key of a later version: its default may stand there, anything else is answered with one sentence. */
const later = (standard: unknown, remedy: string) =>
  z
    .unknown()
    .refine(
      (value) => JSON.stringify(value) === JSON.stringify(standard),
      saying('not in this version', `leave it out: ${remedy}`),
    )
    .optional()

const choice = <T extends string>(all: readonly [T, ...T[]]) =>
  z.enum(all, saying('is none of the words that may stand here', `write ${all.join(', ')}`))

const duration = z.string(saying('is no duration', 'write it as 60s, 5m or 500ms')).transform((text, context) => {
  const ms = parseDuration(text)
  if (ms !== undefined && ms <= 24 * 3_600_000) return ms
  context.addIssue(saying('is no duration up to 24h', 'write it as 60s, 5m or 500ms').message)
  return z.NEVER
})

const units: Readonly<Record<string, number>> = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 }

const size = (least: number, most: number, range: string) =>
  z.union([z.string(), z.number()], saying('is no size', 'write it as 256MiB')).transform((given, context) => {
    const [, digits, unit = 'B'] = /^(\d{1,15})(B|KiB|MiB|GiB)?$/.exec(String(given)) ?? []
    const bytes = Number(digits) * (units[unit] ?? 1)
    if (bytes >= least && bytes <= most) return bytes
    context.addIssue(saying(`is no size from ${range}`, 'write it as 256MiB').message)
    return z.NEVER
  })

const mode = z
  .string({ error: ({ input }) => modeMessage(input) })
  .regex(/^[0-7]{4}$/, saying('is no mode', 'write four octal digits in quotes: "0444"'))
  .transform((text) => Number.parseInt(text, 8))

const modeMessage = (input: unknown): string =>
  `is a number to YAML${parting}write it quoted: "${modeMeant(String(input)) ?? '0444'}"`

const absolute = z
  .string(saying('is no path', 'write an absolute path'))
  .regex(/^\/[^\0]*$/, saying('is no absolute path', 'write it from / on'))

const whole = (least: number, most: number) =>
  z
    .number(saying('is no number', `write a whole number from ${least} to ${most}`))
    .refine(
      (value) => Number.isInteger(value) && value >= least && value <= most,
      saying('is out of range', `write a whole number from ${least} to ${most}`),
    )

const key = z
  .string(saying('is no key', 'write auto, credential, passphrase or file:/PATH'))
  .regex(
    /^(auto|credential|passphrase|file:\/[^\0]+)$/,
    saying('is no key', 'write auto, credential, passphrase or file:/PATH'),
  )

const section = <T extends z.ZodRawShape>(shape: T) =>
  z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'invalid_type' ? `is no list of keys${parting}write its keys below it, indented` : undefined,
  })

/** The whole tree of dso.yaml (docs/configuration.md). Unknown keys are refused; those of later versions say so. */
export const schema = section({
  tenancy: z
    .literal(
      'single',
      saying(
        'only single is in this version',
        'leave it out: every container of this host may ask for every secret of local',
      ),
    )
    .optional(),
  allow_static_credentials: later(false, 'only local is served, which has no login'),
  sources: later({}, 'only local is served'),
  local: section({
    path: absolute.optional(),
    key: key.optional(),
    keep_versions: whole(1, 1000).optional(),
  }).optional(),
  delivery: section({
    size: size(64 * 1024, 64 * 1024 ** 3, '64KiB to 64GiB').optional(),
    max_value: size(1, 16 * 1024 ** 2, '1B to 16MiB').optional(),
    default_mode: mode.optional(),
  }).optional(),
  rotation: section({
    default: choice(['auto', 'live', 'none']).optional(),
    timeout: duration.optional(),
    settle: duration.optional(),
    gather: duration.optional(),
    drain: later('10s', 'rolling is not in this version'),
    parallel: later(2, 'workloads change side by side'),
    parallel_per_project: later(1, 'workloads change side by side'),
    ports: later('docker', 'rolling is not in this version'),
    windows: later([], 'changes are made at any time'),
  }).optional(),
  grants: later([], 'without grants every container of this host may ask for every secret of local'),
  unadmitted: later('warn', 'the docker context of dso is not in this version'),
  trust_image_labels: later([], 'labels of images count for nothing'),
  metrics: later({ listen: '' }, 'there are no metrics yet'),
  webhook: later({ listen: '', key_file: '' }, 'there are no webhooks yet'),
  notify: later([], 'see docker dso events'),
  audit: later({ path: '/var/log/dso/audit.jsonl' }, 'see docker dso events'),
  log: section({
    level: choice(['trace', 'debug', 'info', 'warn', 'error']).optional(),
    format: choice(['text', 'json']).optional(),
  }).optional(),
})

/** dso.yaml with every default filled in. */
export const settingsFrom = (file: z.output<typeof schema>): Settings => ({
  tenancy: 'single',
  local: {
    path: file.local?.path ?? `${paths.state}/local.age`,
    key: (file.local?.key ?? 'auto') as Settings['local']['key'],
    keepVersions: file.local?.keep_versions ?? 10,
  },
  delivery: {
    sizeBytes: file.delivery?.size ?? 256 * 1024 ** 2,
    maxValueBytes: file.delivery?.max_value ?? 1024 ** 2,
    defaultMode: file.delivery?.default_mode ?? 0o444,
  },
  rotation: {
    default: file.rotation?.default ?? 'auto',
    timeoutMs: file.rotation?.timeout ?? 60_000,
    settleMs: file.rotation?.settle ?? 5000,
    gatherMs: file.rotation?.gather ?? 0,
  },
  log: { level: file.log?.level ?? 'info', format: file.log?.format ?? 'text' },
})
