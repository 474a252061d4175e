import { expect, test } from 'vitest'

import { formatPercent } from './percent'

test('a percentage has one decimal unless told otherwise', () => {
  expect(formatPercent(61.42, 'en')).toBe('61.4%')
  expect(formatPercent(100, 'en', 0)).toBe('100%')
})

test('no data is not zero', () => {
  expect(formatPercent(null, 'en')).toBe('–')
  expect(formatPercent(0, 'en')).toBe('0.0%')
})
