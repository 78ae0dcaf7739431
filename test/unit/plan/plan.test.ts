import { describe, expect, test } from 'vitest'
import type { Rotation } from '../../../src/core/model.ts'
import { makePlan, printPlan, suspects, takeBack } from '../../../src/core/plan.ts'
import { printChoice } from '../../../src/core/strategies/index.ts'
import { generation, mount } from './worlds.ts'

const workload = 'shop/api'
const live: Rotation = { strategy: { kind: 'auto' } }
const hup: Rotation = { strategy: { kind: 'signal', signal: 'SIGHUP' } }
const one = { mount: mount('a', '3'), container: 'shop-api-1', wanted: generation('4') }
const two = { mount: mount('b', '3'), container: 'shop-api-2', wanted: generation('4') }
const begun = { mount: mount('a', '4', '3'), container: 'shop-api-1', wanted: generation('4') }

describe('a plan', () => {
  test('moves all replicas at once, watches them, and proves them', () => {
    const plan = makePlan({ workload, targets: [one, two], rotation: live, standard: 'auto' })
    expect(printPlan(plan)).toMatchInlineSnapshot(`
      "shop/api: dso://local/shop/db changed (version 3 to 4) (live: only files change, and a running process can read them again)
        1. renew the files of shop-api-1
        2. renew the files of shop-api-2
        3. watch shop-api-1, shop-api-2
        4. keep the new values as proved (2 mounts)"
    `)
  })

  test('tells each process once, after the last of its mounts', () => {
    const second = { ...two, container: 'shop-api-1' }
    const plan = makePlan({ workload, targets: [one, second], rotation: hup, standard: 'auto' })
    expect(printPlan(plan)).toMatchInlineSnapshot(`
      "shop/api: dso://local/shop/db changed (version 3 to 4) (signal: dso.rotation: signal SIGHUP)
        1. renew the files of shop-api-1
        2. renew the files of shop-api-1, then SIGHUP
        3. watch shop-api-1
        4. keep the new values as proved (2 mounts)"
    `)
  })

  test('goes on with what was begun: files are there, the watch is not', () => {
    expect(
      printPlan(makePlan({ workload, targets: [begun, two], rotation: live, standard: 'auto' })),
    ).toMatchInlineSnapshot(`
      "shop/api: dso://local/shop/db changed (version 3 to 4) (live: only files change, and a running process can read them again)
        1. renew the files of shop-api-2
        2. watch shop-api-2, shop-api-1
        3. keep the new values as proved (2 mounts)"
    `)
  })

  test('tells again whoever may have missed the signal', () => {
    expect(printPlan(makePlan({ workload, targets: [begun], rotation: hup, standard: 'auto' }))).toMatchInlineSnapshot(`
      "shop/api: dso://local/shop/db changed (version 3 to 4) (signal: dso.rotation: signal SIGHUP)
        1. renew the files of shop-api-1, then SIGHUP
        2. watch shop-api-1
        3. keep the new values as proved (1 mount)"
    `)
  })

  test('is empty when all is right, and with none', () => {
    const right = { mount: mount('a', '4'), container: 'shop-api-1', wanted: generation('4') }
    expect(makePlan({ workload, targets: [right], rotation: live, standard: 'auto' }).steps).toEqual([])
    const none: Rotation = { strategy: { kind: 'none' } }
    const plan = makePlan({ workload, targets: [one], rotation: none, standard: 'auto' })
    expect(plan.steps).toEqual([])
    expect(plan.cause).toBe('dso://local/shop/db changed (version 3 to 4)')
  })

  test('carries the times and the check of the labels into the watch', () => {
    const rotation: Rotation = { ...live, check: { kind: 'tcp', port: 80 }, timeoutMs: 9, settleMs: 1 }
    const { steps } = makePlan({ workload, targets: [one], rotation, standard: 'auto' })
    expect(steps[1]).toEqual({
      kind: 'watch',
      containers: ['shop-api-1'],
      check: { kind: 'tcp', port: 80 },
      timeoutMs: 9,
      settleMs: 1,
    })
  })
})

describe('the way back', () => {
  test('puts back what was proved and tells again', () => {
    const [step] = takeBack([{ ...begun, wanted: generation('4') }], 'SIGHUP')
    expect(step).toMatchObject({
      kind: 'renew',
      slot: 'a',
      from: generation('4'),
      to: generation('3'),
      signal: 'SIGHUP',
    })
  })

  test('blames the reads whose content differs', () => {
    expect(suspects([one, two])).toEqual([{ read: 'dso://local/shop/db', version: '4', serving: '3' }])
    expect(suspects([{ ...one, wanted: generation('3') }])).toEqual([])
  })

  test('of replicas that were proved on different versions the later one serves', () => {
    const behind = { ...two, mount: mount('b', '3', '2') }
    for (const targets of [
      [one, behind],
      [behind, one],
    ]) {
      expect(suspects(targets)).toEqual([{ read: 'dso://local/shop/db', version: '4', serving: '3' }])
    }
  })
})

test.each([
  [live, 'auto', 'live (auto)'],
  [live, 'none', 'none (auto)'],
  [hup, 'none', 'signal SIGHUP'],
  [{ strategy: { kind: 'none' } } as Rotation, 'auto', 'none'],
] as const)('%j under %s reads %s', (rotation, standard, text) => {
  expect(printChoice(rotation, standard)).toBe(text)
})
