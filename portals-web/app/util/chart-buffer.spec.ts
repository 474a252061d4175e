import { expect, test } from 'vitest'

import { ChartBuffer, trailingMean } from './chart-buffer'

interface Sample {
  at: number
  value: number | null
}

const sample = (at: number, value: number | null = at): Sample => ({ at, value })
const buffer = (span = 600) => new ChartBuffer<Sample>(span, ({ at }) => at)
const values = (it: ChartBuffer<Sample>) => it.columns(({ value }) => value)

test('points older than the span fall out', () => {
  const it = buffer(3)
  it.insert([sample(1), sample(2), sample(3), sample(4)])
  expect(values(it)).toEqual([
    [2, 3, 4],
    [2, 3, 4],
  ])
  expect(it.latestAt).toBe(4)
})

test('a history that overlaps the stream does not double a second', () => {
  const it = buffer()
  it.insert([sample(5), sample(6)])
  it.insert([sample(4), sample(5, 50), sample(6)])
  expect(values(it)).toEqual([
    [4, 5, 6],
    [4, 50, 6],
  ])
})

test('points in any order come out in order', () => {
  const it = buffer()
  it.insert([sample(3), sample(1), sample(2)])
  expect(values(it)[0]).toEqual([1, 2, 3])
})

test('a gap is a null, a single lost second is not', () => {
  const it = buffer()
  it.insert([sample(1), sample(3), sample(10)])
  expect(values(it)).toEqual([
    [1, 3, 4, 10],
    [1, 3, null, 10],
  ])
})

test('a point without a value keeps its place', () => {
  const it = buffer()
  it.insert([sample(1, null), sample(2)])
  expect(values(it)).toEqual([
    [1, 2],
    [null, 2],
  ])
})

test('a trailing mean begins anew after a gap', () => {
  expect(trailingMean([2, 4, 6, null, 8], 2)).toEqual([2, 3, 5, null, 8])
  expect(trailingMean([9, 1, 2, 3, null, 8], 4)).toEqual([null, 5, 4, 3.75, null, null])
  expect(trailingMean([1, 2, 3], 1)).toEqual([1, 2, 3])
})
