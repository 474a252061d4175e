import { expect, test } from 'vitest'

import { formatSipStatus } from './sip-status'

test('a status is shown with its phrase', () => {
  expect(formatSipStatus(486)).toBe('486 Busy Here')
  expect(formatSipStatus(499)).toBe('499')
})

test('no status seen is a dash', () => {
  expect(formatSipStatus(0)).toBe('–')
})
