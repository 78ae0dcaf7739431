// Swaps the directory argv[2] to the set argv[3]; killed on the way where DSO_CRASH_AT says.
import { swapFiles } from '../../../src/delivery/atomic-directory.ts'
import { Secret } from '../../../src/store/secret.ts'

const [, , directory = '', set = ''] = process.argv
const names = set === 'old' ? ['a', 'b', 'old'] : ['a', 'b', 'new']
const files = names.map((file) => ({ file, mode: 0o444, uid: 0, gid: 0, bytes: new Secret(Buffer.from(set)) }))
swapFiles(directory, files, () => {})
