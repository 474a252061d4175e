import { expect, test } from 'vitest'

import { oneOf, parseSearch, stringifySearch, text } from './search-params'

test('values stay strings, also those that look like numbers', () => {
  expect(parseSearch('?called_prefix=4420&from=2026-11-21T00%3A00%3A00Z')).toEqual({
    called_prefix: '4420',
    from: '2026-11-21T00:00:00Z',
  })
})

test('empty and unknown values do not reach the address', () => {
  expect(stringifySearch({ customer: 'acme', carrier: undefined, outcome: '' })).toBe(
    '?customer=acme',
  )
  expect(stringifySearch({})).toBe('')
})

test('what an address says is checked', () => {
  expect(oneOf('failed', ['answered', 'failed'])).toBe('failed')
  expect(oneOf('<script>', ['answered', 'failed'])).toBeUndefined()
  expect(text('x'.repeat(500))?.length).toBe(128)
  expect(text(7)).toBeUndefined()
})
