import { expect, test } from 'vitest'

import type { Kind } from '~/api/resources'

import { changedParts, conflictsOf, type Draft, merged, newDraft, writeOf } from './draft'

const KIND: Kind = {
  kind: 'trunk',
  plural: 'trunks',
  title: 'Trunk',
  title_plural: 'Trunks',
  summary: '',
  description: '',
  assignable: 'no',
  filter_fields: [],
  can_write: true,
  schema: {
    type: 'object',
    required: ['direction'],
    properties: {
      direction: { type: 'string', enum: ['ingress', 'egress'] },
      customer: { type: ['string', 'null'], 'x-direction': 'ingress' },
      gateway: { type: ['string', 'null'], 'x-direction': 'egress' },
      cps_limit: { type: ['integer', 'null'] },
      status: { type: 'string', default: 'active', enum: ['active', 'inactive'] },
    },
  },
}

const BASE: Draft = {
  ...newDraft(KIND),
  name: 'a',
  spec: { direction: 'ingress', customer: 'Cairo', cps_limit: 5, status: 'active' },
}
const withSpec = (draft: Draft, spec: object): Draft => ({
  ...draft,
  spec: { ...draft.spec, ...spec },
})

test('what is sent has neither empty fields nor those of the other direction', () => {
  const draft = withSpec(BASE, { gateway: '192.0.2.7:5060', cps_limit: null })
  expect(writeOf({ ...draft, name: ' a ', note: ' why ' }, KIND)).toEqual({
    name: 'a',
    external_id: null,
    note: 'why',
    spec: { direction: 'ingress', customer: 'Cairo', status: 'active' },
  })
})

test('an assignment is sent for what can be assigned', () => {
  expect(writeOf(BASE, { ...KIND, assignable: 'many' }).assign).toEqual({ all: true })
})

test('changes are counted by part, not by how they are written', () => {
  expect(changedParts(BASE, BASE, KIND)).toEqual([])
  expect(changedParts(BASE, withSpec(BASE, { gateway: '' }), KIND)).toEqual([])
  const draft = { ...withSpec(BASE, { cps_limit: 6 }), name: 'b' }
  expect(changedParts(BASE, draft, KIND).toSorted()).toEqual(['cps_limit', 'name'])
})

test('only what both changed in different ways is a conflict', () => {
  const theirs = withSpec(BASE, { cps_limit: 6, status: 'inactive' })
  const mine = { ...withSpec(BASE, { cps_limit: 7, status: 'inactive' }), name: 'b' }
  expect(conflictsOf(BASE, theirs, mine, KIND)).toEqual([
    { field: 'cps_limit', before: 5, theirs: 6, mine: 7 },
  ])
})

test('a merge is their version with my changes, but those that I give up', () => {
  const theirs = withSpec(BASE, { cps_limit: 6, status: 'inactive' })
  const mine = { ...withSpec(BASE, { cps_limit: 7, customer: '' }), name: 'b' }
  const parts = { base: BASE, theirs, mine }
  expect(merged(parts, KIND, new Set())).toMatchObject({
    name: 'b',
    spec: { cps_limit: 7, status: 'inactive', customer: '' },
  })
  expect(merged(parts, KIND, new Set(['cps_limit'])).spec['cps_limit']).toBe(6)
})
