import { expect, test } from 'vitest'

import { readDecimal } from './decimal-input'

test('what is sent has a point, whichever mark the language writes', () => {
  expect(readDecimal('99.50', 'en')).toBe('99.50')
  expect(readDecimal('99,50', 'es')).toBe('99.50')
  expect(readDecimal('99.50', 'es')).toBe('99.50')
  expect(readDecimal(' 250 ', 'es')).toBe('250')
  expect(readDecimal('0,000000001', 'es')).toBe('0.000000001')
})

test('what could be thousands or decimals is refused, never guessed', () => {
  expect(readDecimal('1.250', 'es')).toBeNull()
  expect(readDecimal('1,250', 'en')).toBeNull()
  expect(readDecimal('99,50', 'en')).toBeNull()
  expect(readDecimal('1.250,00', 'es')).toBeNull()
  expect(readDecimal('1,250.00', 'en')).toBeNull()
})

test('the own mark before three digits is a decimal mark', () => {
  expect(readDecimal('1.250', 'en')).toBe('1.250')
  expect(readDecimal('1,250', 'es')).toBe('1.250')
})

test('what is no number is none', () => {
  for (const text of ['', '-1', '+1', '1.', '.5', '1e5', 'x', '1 250']) {
    expect(readDecimal(text, 'en'), text).toBeNull()
    expect(readDecimal(text, 'es'), text).toBeNull()
  }
})
