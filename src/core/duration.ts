/** Milliseconds of `500ms`, `5s`, `2m`, `1h30m`: whole numbers, each unit once, larger ones first. Undefined: it is none. */
export function parseDuration(text: string): number | undefined {
  const match = /^(?:(\d{1,5})h)?(?:(\d{1,6})m(?!s))?(?:(\d{1,8})s)?(?:(\d{1,9})ms)?$/.exec(text)
  if (match === null || text === '') return undefined
  const [hours, minutes, seconds, milliseconds] = match.slice(1).map((digits) => Number(digits ?? 0))
  return ((hours! * 60 + minutes!) * 60 + seconds!) * 1000 + milliseconds!
}
