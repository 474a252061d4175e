import { describe, expect, test } from 'vitest'

import { cleaned, controlOf, type FieldSchema, fieldsOf, fieldsOfSection, newSpec } from './schema'
import { faultsOf } from './schema-check'

const SCHEMA: FieldSchema = {
  type: 'object',
  required: ['direction', 'rate_card', 'hours'],
  properties: {
    rate_card: { type: 'string', minLength: 1, 'x-reference': 'rate_card', 'x-order': 2 },
    direction: { type: 'string', enum: ['ingress', 'egress'], 'x-order': 1 },
    status: { type: 'string', enum: ['active', 'inactive'], default: 'active', 'x-order': 3 },
    cps_limit: { type: ['integer', 'null'], minimum: 1, maximum: 100, 'x-order': 4 },
    gateway: { type: ['string', 'null'], 'x-direction': 'egress', minLength: 3, 'x-order': 5 },
    prefixes: { type: 'array', items: { type: 'string', pattern: '^\\d+$' }, 'x-order': 6 },
    weight: { type: 'integer', default: 100, 'x-section': 'advanced', 'x-order': 7 },
    hours: {
      type: 'array',
      minItems: 1,
      'x-order': 8,
      items: {
        type: 'object',
        required: ['from'],
        properties: { from: { type: 'string', pattern: '^\\d\\d:\\d\\d$', examples: ['08:30'] } },
      },
    },
    signalling: {
      type: 'object',
      'x-order': 9,
      'x-section': 'advanced',
      properties: { keepalive_interval_s: { type: ['integer', 'null'], minimum: 5 } },
    },
  },
}

const SOUND = { direction: 'ingress', rate_card: 'retail', hours: [{ from: '08:00' }] }

test('fields come in their order, section by section', () => {
  expect(fieldsOf(SCHEMA).map(({ name }) => name)).toEqual([
    'direction',
    'rate_card',
    'status',
    'cps_limit',
    'gateway',
    'prefixes',
    'weight',
    'hours',
    'signalling',
  ])
  const advanced = fieldsOfSection(SCHEMA, 'advanced').map(({ name }) => name)
  expect(advanced).toEqual(['weight', 'signalling'])
})

test('each shape has its control', () => {
  const controls = fieldsOf(SCHEMA).map(({ schema }) => controlOf(schema))
  expect(controls).toEqual([
    'choice',
    'reference',
    'choice',
    'integer',
    'text',
    'lines',
    'integer',
    'rows',
    'group',
  ])
  expect(controlOf({ type: 'array', items: { 'x-reference': 'carrier', type: 'string' } })).toBe(
    'ordered',
  )
  expect(controlOf({ type: 'array', items: { type: 'string', enum: ['monday'] } })).toBe('choices')
  expect(controlOf({ type: 'array', items: { type: ['integer', 'string'] } })).toBe('lines')
  expect(controlOf({ type: 'array', items: { type: 'boolean' } })).toBe('json')
  expect(controlOf({})).toBe('json')
})

test('a new spec has the defaults, and the first of a choice that must be made', () => {
  expect(newSpec(SCHEMA)).toEqual({ direction: 'ingress', status: 'active', weight: 100 })
})

test('what nobody filled in is not sent', () => {
  const spec = {
    ...SOUND,
    cps_limit: null,
    gateway: '',
    prefixes: [],
    signalling: { keepalive_interval_s: null },
  }
  expect(cleaned(spec, SCHEMA)).toEqual(SOUND)
})

test('a required list is sent empty, and a field that the schema does not know is kept', () => {
  expect(cleaned({ hours: [], unknown: 1 }, SCHEMA)).toEqual({ hours: [], unknown: 1 })
})

describe('faults', () => {
  const faults = (spec: object) =>
    faultsOf({ ...SOUND, ...spec }, SCHEMA).map(({ field, code }) => `${field} ${code}`)

  test('a sound spec has none', () => {
    expect(faults({ cps_limit: 5, signalling: { keepalive_interval_s: 30 } })).toEqual([])
  })

  test('what is required is asked for', () => {
    expect(faultsOf({}, SCHEMA).map(({ field }) => field)).toEqual([
      'direction',
      'rate_card',
      'hours',
    ])
  })

  test('numbers keep their bounds', () => {
    expect(faults({ cps_limit: 0 })).toEqual(['cps_limit atLeast'])
    expect(faults({ cps_limit: 101 })).toEqual(['cps_limit atMost'])
    expect(faults({ cps_limit: '1.5' })).toEqual(['cps_limit integer'])
  })

  test('items and inner fields are named by their path', () => {
    expect(faults({ prefixes: ['44', 'x'] })).toEqual(['prefixes[1] pattern'])
    expect(faults({ hours: [{ from: '08:00' }, { from: '8' }] })).toEqual([
      'hours[1].from patternLike',
    ])
    expect(faults({ hours: [{}] })).toEqual(['hours[0].from required'])
    expect(faults({ signalling: { keepalive_interval_s: 1 } })).toEqual([
      'signalling.keepalive_interval_s atLeast',
    ])
  })

  test('a field of the other direction is not asked for until something stands in it', () => {
    expect(faults({ gateway: 'x' })).toEqual(['gateway tooShort'])
    expect(faults({})).toEqual([])
  })
})
