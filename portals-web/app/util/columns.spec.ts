import { expect, test } from 'vitest'

import { chosenColumns, columnFields } from './columns'
import type { FieldSchema } from './schema'

const SCHEMA: FieldSchema = {
  type: 'object',
  properties: {
    status: { type: 'string', 'x-filter': true, 'x-order': 2 },
    note: { type: 'string', 'x-widget': 'multiline', 'x-order': 1 },
    secret: { type: ['string', 'null'], 'x-secret': true, 'x-order': 3 },
    prefixes: { type: 'array', items: { type: 'string' }, 'x-order': 4 },
    hours: { type: 'array', items: { type: 'object' }, 'x-order': 5 },
    a: { type: 'integer', 'x-order': 6 },
    b: { type: 'integer', 'x-order': 7 },
    c: { type: 'integer', 'x-order': 8 },
    carrier: { type: 'string', 'x-filter': true, 'x-order': 9 },
  },
}

test('a cell shows values, not forms, texts or secrets', () => {
  expect(columnFields(SCHEMA).map(({ name }) => name)).toEqual([
    'status',
    'prefixes',
    'a',
    'b',
    'c',
    'carrier',
  ])
})

test('what lists are filtered by is shown first, in the order of the fields', () => {
  expect(chosenColumns(SCHEMA, undefined)).toEqual([
    'status',
    'prefixes',
    'a',
    'b',
    'carrier',
    'version',
    'updated_at',
  ])
})

test('an address chooses columns, and cannot choose others', () => {
  expect(chosenColumns(SCHEMA, 'id,carrier,secret,nothing')).toEqual(['carrier', 'id'])
  expect(chosenColumns(SCHEMA, 'none')).toEqual([])
})
