/**
 * Named places at which a test may end the agent as a crash would (`DSO_CRASH_AT=name` or `name#n` for the n-th pass).
 * Costs a comparison; unset, nothing happens.
 */
const [wanted, nth = '1'] = (process.env['DSO_CRASH_AT'] ?? '').split('#')
let passed = 0

export function checkpoint(name: string): void {
  if (name !== wanted) return
  passed += 1
  if (passed === Number(nth)) process.kill(process.pid, 'SIGKILL')
}
