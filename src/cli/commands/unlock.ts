import type { StatusAnswer } from '../../core/api.ts'
import { Secret } from '../../store/secret.ts'
import type { Command } from '../command.ts'
import { json, plural } from '../print.ts'
import { protect } from '../protect.ts'
import { spending } from '../value.ts'

export const unlock: Command = {
  name: 'unlock',
  usage: '',
  summary: 'Open the local vault: with its passphrase, or although it is older than it should be',
  text: 'The passphrase is asked for, or read from standard input (a newline at its end does not count). Needs root.',
  examples: [
    ['docker dso unlock', 'after a start with key: passphrase'],
    ['docker dso unlock --accept-older', 'after you put back a backup of the vault file yourself'],
  ],
  options: [{ name: 'accept-older', text: 'take a vault file that is older than the last one known' }],
  least: 0,
  most: 0,
  run: async ({ options, terminal, client, json: asJson }) => {
    const { sources } = await client.json<StatusAnswer>({ level: 'status', path: '/v1/status' })
    const byPassphrase = sources.find(({ name }) => name === 'local')?.identity.startsWith('passphrase') === true
    await protect()
    const bytes = !byPassphrase
      ? new Uint8Array(0)
      : terminal.asks
        ? await terminal.hidden('Passphrase of the local vault: ')
        : withoutNewline(await terminal.input(4096))
    const query: [string, string][] = options.has('accept-older') ? [['accept_older', '1']] : []
    const state = await spending(new Secret(bytes), (body) =>
      client.json<{ readonly secrets: number }>({ level: 'root', method: 'POST', path: '/v1/unlock', query, body }),
    )
    bytes.fill(0)
    terminal.out(asJson ? json(state) : `the local vault is open (${plural(state.secrets, 'secret')})\n`)
    return 0
  },
}

const withoutNewline = (bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> =>
  bytes.at(-1) === 10 ? bytes.subarray(0, bytes.at(-2) === 13 ? -2 : -1) : bytes
