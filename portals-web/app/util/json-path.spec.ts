import { expect, test } from 'vitest'

import { getAt, isEqual, pathOf, setAt, stepsOf } from './json-path'

test('a path is its steps, and back', () => {
  for (const path of ['name', 'failover.codes[2]', 'hours[0].days[1]', 'a.b.c']) {
    expect(pathOf(stepsOf(path))).toBe(path)
  }
  expect(stepsOf('hours[10].from')).toEqual(['hours', 10, 'from'])
})

test('values are found, and nothing is made where there is nothing', () => {
  const value = { hours: [{ from: '08:00' }], status: null }
  expect(getAt(value, 'hours[0].from')).toBe('08:00')
  expect(getAt(value, 'hours[1].from')).toBeUndefined()
  expect(getAt(value, 'status.deep')).toBeUndefined()
  expect(getAt(value, 'hours.from')).toBeUndefined()
})

test('a value is set without touching the object it was in', () => {
  const before = { limits: { cps: 5 }, list: [1, 2] }
  const after = setAt(setAt(before, 'limits.channels', 30), 'list[2]', 3)
  expect(after).toEqual({ limits: { cps: 5, channels: 30 }, list: [1, 2, 3] })
  expect(before).toEqual({ limits: { cps: 5 }, list: [1, 2] })
})

test('objects on the way are made, and undefined takes a field away', () => {
  expect(setAt({}, 'failover.codes[0]', 503)).toEqual({ failover: { codes: [503] } })
  expect(setAt({ a: 1, b: 2 }, 'a', undefined)).toEqual({ b: 2 })
})

test('equal is what says the same', () => {
  expect(isEqual({ a: 1, b: [1] }, { b: [1], a: 1 })).toBe(true)
  expect(isEqual({ a: [1, 2] }, { a: [2, 1] })).toBe(false)
  expect(isEqual({ a: null }, {})).toBe(false)
})
