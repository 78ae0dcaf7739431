import { statSync } from 'node:fs'
import { expect, test } from 'vitest'
import { deviceName, parseMounts, readMounts } from '../../../src/host/mountinfo.ts'

const text = [
  '64 63 0:40 / /mnt/s1/state rw,nosuid,nodev shared:5 master:1 - tmpfs dso rw,size=32768k,noswap',
  '73 63 0:40 /files /mnt/with\\040blank ro,nosuid - tmpfs dso rw,size=32768k',
  '74 63 8:1 / / rw - ext4 /dev/sda1 rw',
  '',
].join('\n')

test('lines are taken apart, optional fields and escapes too', () => {
  const [state, files, disk] = parseMounts(text)
  expect(state).toMatchObject({ device: '0:40', root: '/', mountPoint: '/mnt/s1/state', type: 'tmpfs' })
  expect(state?.superOptions).toContain('noswap')
  expect(files).toMatchObject({ root: '/files', mountPoint: '/mnt/with blank', options: ['ro', 'nosuid'] })
  expect(disk?.type).toBe('ext4')
})

test('other devices are left out', () => {
  expect(parseMounts(text, new Set(['0:40'])).map(({ mountPoint }) => mountPoint)).toEqual([
    '/mnt/s1/state',
    '/mnt/with blank',
  ])
})

test('st_dev is spelled as mountinfo does', () => {
  expect(deviceName(0x801)).toBe('8:1')
  expect(deviceName(40)).toBe('0:40')
  // minor 1040: its high bits lie above the major
  expect(deviceName(0x400010)).toBe('0:1040')
  const proc = readMounts('self').find(({ mountPoint }) => mountPoint === '/proc')
  expect(deviceName(statSync('/proc').dev)).toBe(proc?.device)
})
