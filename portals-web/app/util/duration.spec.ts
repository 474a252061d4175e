import { expect, test } from 'vitest'

import { formatDuration, formatIncrements, formatMilliseconds, formatUptime } from './duration'

test('talk time is h:mm:ss, rounded down', () => {
  expect(formatDuration(0)).toBe('0:00:00')
  expect(formatDuration(65_999)).toBe('0:01:05')
  expect(formatDuration(3_600_000)).toBe('1:00:00')
  expect(formatDuration(99_999_000)).toBe('27:46:39')
})

test('an unknown duration is a dash', () => {
  expect(formatDuration(null)).toBe('–')
  expect(formatDuration(-1)).toBe('–')
  expect(formatDuration(Number.NaN)).toBe('–')
})

test('a delay is in whole milliseconds', () => {
  expect(formatMilliseconds(1842.4, 'en')).toBe('1,842 ms')
  expect(formatMilliseconds(null, 'en')).toBe('–')
})

test('uptime shows its two largest units', () => {
  expect(formatUptime(0, 'en')).toBe('0 sec')
  expect(formatUptime(725, 'en')).toBe('12 min 5 sec')
  expect(formatUptime(273_600, 'en')).toBe('3 days 4 hr')
})

test('rating intervals are written as the trade writes them', () => {
  expect(formatIncrements(30, 6)).toBe('30/6')
})
