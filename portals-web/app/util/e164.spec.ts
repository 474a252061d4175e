import { expect, test } from 'vitest'

import { formatE164, toDialString } from './e164'

test('an international number gets its plus', () => {
  expect(formatE164('447700900123')).toBe('+447700900123')
})

test('what is not an international number stays as it is', () => {
  expect(formatE164('anonymous')).toBe('anonymous')
  expect(formatE164('07700900123')).toBe('07700900123')
  expect(formatE164('112')).toBe('112')
})

test('a pasted number loses its decoration', () => {
  expect(toDialString('+44 (7700) 900-123')).toBe('447700900123')
})
