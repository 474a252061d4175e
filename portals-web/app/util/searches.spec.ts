import { expect, test } from 'vitest'

import { cdrsSearch, signInSearch } from './searches'

test('filters that mean nothing are dropped', () => {
  const search = cdrsSearch({ outcome: 'maybe', last: '2y', from: 'yesterday', customer: 'acme' })
  expect(JSON.parse(JSON.stringify(search))).toEqual({ customer: 'acme' })
})

test('an instant must be readable', () => {
  expect(cdrsSearch({ from: '2026-11-21T00:00:00Z' }).from).toBe('2026-11-21T00:00:00Z')
})

test('signing in never leads to another site', () => {
  expect(signInSearch({ next: '/cdrs?customer=acme' }).next).toBe('/cdrs?customer=acme')
  expect(signInSearch({ next: '//elsewhere.example' }).next).toBeUndefined()
  expect(signInSearch({ next: '/\\elsewhere.example' }).next).toBeUndefined()
  expect(signInSearch({ next: 'https://elsewhere.example' }).next).toBeUndefined()
})
