import { expect, test } from 'vitest'

import { sharePercent, subtract, total } from './money-math'

test('a difference is exact where floats are not', () => {
  expect(subtract('0.3', '0.1')).toBe('0.2')
  expect(subtract('9007199254740993.000000001', '1')).toBe('9007199254740992.000000001')
  expect(subtract('1', '1.5')).toBe('-0.5')
  expect(subtract('-1.25', '-1.25')).toBe('0')
})

test('a share of nothing is not known', () => {
  expect(sharePercent('1', '0')).toBeNull()
  expect(sharePercent('1', '3')).toBe(33.33)
  expect(sharePercent('0', '3')).toBe(0)
})

test('a sum of many is exact, and of none zero', () => {
  expect(total(['0.1', '0.2', '-0.05'])).toBe('0.25')
  expect(total([])).toBe('0')
})
