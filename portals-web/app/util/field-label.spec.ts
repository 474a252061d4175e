import { expect, test } from 'vitest'

import { fieldLabel, itemNumber } from './field-label'

test('a name becomes words, its unit and its place are left to others', () => {
  expect(fieldLabel('initial_interval_s')).toBe('Initial interval')
  expect(fieldLabel('cps_limit')).toBe('CPS limit')
  expect(fieldLabel('failover.ring_timeout_s')).toBe('Failover · ring timeout')
  expect(fieldLabel('hours[2].from')).toBe('Hours · from')
  expect(fieldLabel('status')).toBe('Status')
})

test('an item is counted from one', () => {
  expect(itemNumber('prefixes[0]')).toBe(1)
  expect(itemNumber('status')).toBeNull()
})
