import { expect, test } from 'vitest'

import { fieldLabel, specFields, specSummary } from './spec-fields'

const SPEC = {
  channel_limit: null,
  status: 'active',
  source_addresses: ['192.0.2.10', '198.51.100.0/24'],
  failover: { codes: [503, '5xx'], ring_timeout_s: 60 },
}

test('objects become paths and what is not set comes last', () => {
  expect(specFields(SPEC)).toEqual([
    { path: 'status', value: 'active' },
    { path: 'source_addresses', value: ['192.0.2.10', '198.51.100.0/24'] },
    { path: 'failover.codes', value: [503, '5xx'] },
    { path: 'failover.ring_timeout_s', value: 60 },
    { path: 'channel_limit', value: null },
  ])
})

test('a summary holds the fields that say most', () => {
  expect(specSummary(SPEC, 2)).toBe('active · 192.0.2.10, 198.51.100.0/24')
})

test('a path is readable', () => {
  expect(fieldLabel('failover.ring_timeout_s')).toBe('Failover · ring timeout s')
})
