import { expect, test } from 'vitest'

import {
  formatAge,
  formatClock,
  formatDateTime,
  formatDay,
  fromInputValue,
  toInputValue,
  zoneLabel,
} from './time'

// The test runner sets TZ=Asia/Kolkata, so that local time can never pass for UTC.
const AT = '2026-11-21T20:14:03.120Z'

test('a time is shown in ISO order, in the chosen zone', () => {
  expect(formatDateTime(AT, 'utc')).toBe('2026-11-21 20:14:03')
  expect(formatDateTime(AT, 'local')).toBe('2026-11-22 01:44:03')
  expect(formatDateTime(AT, 'utc', { ms: true })).toBe('2026-11-21 20:14:03.120')
  expect(formatClock(AT, 'local')).toBe('01:44:03')
  expect(formatDay(AT, 'local')).toBe('11-22')
})

test('midnight is 00, not 24', () => {
  expect(formatClock('2026-11-21T00:00:00Z', 'utc')).toBe('00:00:00')
})

test('what is not a time is shown as it came', () => {
  expect(formatDateTime('soon', 'utc')).toBe('soon')
})

test('ages use the largest whole unit and are never negative', () => {
  const now = Date.parse(AT)
  expect(formatAge(now - 12_000, now, 'en')).toBe('12 sec. ago')
  expect(formatAge(now - 150_000, now, 'en')).toBe('2 min. ago')
  expect(formatAge(now - 7_300_000, now, 'en')).toBe('2 hr. ago')
  expect(formatAge(now + 5_000, now, 'en')).toBe('0 sec. ago')
})

test('the zone is named beside a time', () => {
  expect(zoneLabel('utc')).toBe('UTC')
  expect(zoneLabel('local')).toBe('UTC+5:30')
})

test('a date field and its instant are each other’s inverse', () => {
  expect(toInputValue(AT, 'local')).toBe('2026-11-22T01:44')
  expect(fromInputValue('2026-11-22T01:44', 'local')).toBe('2026-11-21T20:14:00.000Z')
  expect(fromInputValue('2026-11-21T20:14', 'utc')).toBe('2026-11-21T20:14:00.000Z')
  expect(fromInputValue('2026-11', 'utc')).toBeNull()
})
