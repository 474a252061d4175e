import { expect, test } from 'vitest'

import { Simulator, summary } from './simulator'

const NOW = Date.parse('2026-11-21T09:00:00Z')
const nano = (amount: string) => BigInt(amount.replace('.', ''))

test('the same seed and clock give the same world', () => {
  // Compared as text: a structural comparison of thousands of records takes seconds.
  const world = (seed: number) => JSON.stringify(new Simulator(seed, NOW).records)
  expect(world(3) === world(3)).toBe(true)
  expect(world(3) === world(4)).toBe(false)
})

test('records hold together', () => {
  const { records } = new Simulator(7, NOW)
  expect(records.length).toBeGreaterThan(1_000)
  expect(new Set(records.map(({ id }) => id)).size).toBe(records.length)
  for (const record of records) {
    expect(nano(record.charge) - nano(record.cost)).toBe(nano(record.margin))
    expect(record.attempts).toBe(record.attempt_records.length)
    expect(record.id).toMatch(/^[0-9a-f]{32}$/)
    if (record.outcome === 'answered') {
      expect(record.attempt_records.at(-1)?.answered_at).toBe(record.answered_at)
    } else {
      expect(nano(record.charge)).toBe(0n)
    }
  }
})

test('the newest come first and time brings more', () => {
  const simulator = new Simulator(7, NOW)
  const before = simulator.records.length
  simulator.advance(NOW + 30_000)
  expect(simulator.records.length).toBeGreaterThan(before)
  const times = simulator.records.map(({ received_at }) => received_at)
  expect(times).toEqual(times.toSorted().toReversed())
  expect(simulator.points).toHaveLength(600)
  expect(simulator.points.at(-1)?.calls_now).toBe(simulator.calls(NOW + 30_000).length)
})

test('a summary leaves out what only the record has', () => {
  const [record] = new Simulator(7, NOW).records
  if (!record) throw new Error('no record')
  expect(summary(record)).not.toHaveProperty('attempt_records')
  expect(summary(record)).toMatchObject({ id: record.id, margin: record.margin })
})
