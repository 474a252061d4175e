import { expect, test } from 'vitest'

import { chartGroup, groupAsked, reportDays, zoneName } from './report-days'

test('days are those of the zone, today the last', () => {
  const now = Date.parse('2026-03-01T12:00:00Z')
  expect(reportDays(1, 'UTC', now)).toEqual({ from: '2026-03-01', to: '2026-03-01' })
  expect(reportDays(7, 'Pacific/Auckland', now)).toEqual({ from: '2026-02-24', to: '2026-03-02' })
  // A clock is changed in these days.
  const april = Date.parse('2026-03-31T22:30:00Z')
  expect(reportDays(31, 'Europe/Berlin', april)).toEqual({ from: '2026-03-02', to: '2026-04-01' })
  expect(zoneName('utc')).toBe('UTC')
})

test('the chart goes over time, in bars that can be told apart', () => {
  expect(chartGroup('month', 1)).toBe('month')
  expect(chartGroup('customer', 7)).toBe('hour')
  expect(chartGroup('customer', 31)).toBe('day')
  expect(chartGroup('carrier', 366)).toBe('week')
  expect(groupAsked('hour', 366)).toBe('day')
  expect(groupAsked('hour', 31)).toBe('hour')
})
