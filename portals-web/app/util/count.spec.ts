import { expect, test } from 'vitest'

import { formatBytes, formatCount } from './count'

test('counts are grouped', () => {
  expect(formatCount(12_431, 'en')).toBe('12,431')
  expect(formatCount(2, 'en', 1)).toBe('2.0')
  expect(formatCount(null, 'en')).toBe('–')
})

test('bytes are shown in the largest unit that keeps a whole part', () => {
  expect(formatBytes(999, 'en')).toBe('999 B')
  expect(formatBytes(12_400_000, 'en')).toBe('12.4 MB')
})
