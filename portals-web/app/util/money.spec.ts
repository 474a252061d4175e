import { expect, test } from 'vitest'

import { formatMoney, isNegative, isZero } from './money'

const NBSP = '\u00a0'

test('a sum has the minor units of its currency', () => {
  expect(formatMoney('1234.5', 'USD', 'en')).toBe(`USD${NBSP}1,234.50`)
  expect(formatMoney('1234.5', 'JPY', 'en')).toBe(`JPY${NBSP}1,235`)
  expect(formatMoney('1.5', 'KWD', 'en')).toBe(`KWD${NBSP}1.500`)
})

test('a fine amount keeps four decimals and shows up to six', () => {
  expect(formatMoney('0.01', 'USD', 'en', { style: 'fine', withCurrency: false })).toBe('0.0100')
  expect(formatMoney('0.0123456', 'USD', 'en', { style: 'fine', withCurrency: false })).toBe(
    '0.012346',
  )
})

test('an amount beyond the precision of a float stays exact', () => {
  expect(formatMoney('9007199254740993.25', 'USD', 'en', { withCurrency: false })).toBe(
    '9,007,199,254,740,993.25',
  )
})

test('a negative amount has a true minus', () => {
  expect(formatMoney('-3.1', 'EUR', 'en')).toBe(`−EUR${NBSP}3.10`)
})

test('a missing or broken amount is a dash, not zero', () => {
  expect(formatMoney(null, 'USD', 'en')).toBe('–')
  expect(formatMoney(undefined, 'USD', 'en')).toBe('–')
  expect(formatMoney('1e5', 'USD', 'en')).toBe('–')
})

test('the sign is read from the digits, not from a float', () => {
  expect(isNegative('-0.000000001')).toBe(true)
  expect(isNegative('-0.00')).toBe(false)
  expect(isNegative('4')).toBe(false)
  expect(isZero('0.000000000')).toBe(true)
  expect(isZero('0.000000001')).toBe(false)
})
