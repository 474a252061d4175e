import { expect, test } from 'vitest'

import { formatPercent, partOf } from './percent'

test('a percentage has one decimal unless told otherwise', () => {
  expect(formatPercent(61.42, 'en')).toBe('61.4%')
  expect(formatPercent(100, 'en', 0)).toBe('100%')
})

test('no data is not zero', () => {
  expect(formatPercent(null, 'en')).toBe('–')
  expect(formatPercent(0, 'en')).toBe('0.0%')
})

test('a part is full only when everything is done', () => {
  expect(partOf(0, 3)).toBe(0)
  expect(partOf(999, 1000)).toBe(99)
  expect(partOf(3, 3)).toBe(100)
})

test('a part that is more than the whole, or of nothing, is full; of an unknown whole it is none', () => {
  expect(partOf(5, 3)).toBe(100)
  expect(partOf(0, 0)).toBe(100)
  expect(partOf(7, null)).toBeNull()
})
