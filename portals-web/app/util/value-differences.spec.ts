import { expect, test } from 'vitest'

import { valueDifferences } from './value-differences'

test('only what differs is told', () => {
  expect(valueDifferences({ a: 1, b: [1] }, { a: 2, b: [1], c: null })).toEqual([
    { field: 'a', before: 1, after: 2 },
    { field: 'c', before: null, after: null },
  ])
  expect(valueDifferences(null, { role: 'viewer' })).toEqual([
    { field: 'role', before: null, after: 'viewer' },
  ])
  expect(valueDifferences('old', 'new')).toEqual([{ field: 'value', before: 'old', after: 'new' }])
  expect(valueDifferences(null, undefined)).toEqual([])
})
