import { expect, test } from 'vitest'

import { groupKinds } from './kind-groups'

test('a kind that nobody has placed is shown at the end', () => {
  const kinds = ['invention', 'trunk', 'customer', 'carrier'].map((kind) => ({ kind }))
  expect(groupKinds(kinds)).toEqual([
    { group: 'accounts', kinds: [{ kind: 'customer' }] },
    { group: 'connections', kinds: [{ kind: 'carrier' }, { kind: 'trunk' }] },
    { group: 'more', kinds: [{ kind: 'invention' }] },
  ])
})
