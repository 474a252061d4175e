import { expect, test } from 'vitest'

import { cdrFacts, factQuery } from './cdr-facts'
import { withoutUndefined } from './objects'

test('facts that the switch would refuse are dropped from an address', () => {
  const search = {
    called_suffix: '8750',
    calling_prefix: 'abc',
    sip_status: '700',
    snapshot_number: '-1',
    min_seconds: '-1',
    min_margin: '-0.5',
    answered: 'maybe',
    released_by: 'nobody',
    gateway: 'here',
    colour: 'red',
  }
  expect(cdrFacts(search)).toEqual({ called_suffix: '8750', min_margin: '-0.5' })
})

test('facts are asked in the types of the API', () => {
  const facts = {
    call_id: 'a@b',
    answered: 'false',
    sip_status: '503',
    min_seconds: '1.5',
    min_cost: '0.01',
    released_by: 'switch',
  }
  expect(withoutUndefined(factQuery(facts))).toEqual({
    call_id: 'a@b',
    answered: false,
    sip_status: 503,
    min_duration_ms: 1500,
    min_cost: '0.01',
    released_by: 'switch',
  })
})
