import { expect, test } from 'vitest'

import { readKinds } from '#mock/kinds'

import { inSentence } from './sentence'

test('words are written small within a sentence', () => {
  expect(inSentence('Rate card')).toBe('rate card')
  expect(inSentence('Customer Categories')).toBe('customer categories')
  expect(inSentence('Ünïcode')).toBe('ünïcode')
  expect(inSentence('')).toBe('')
})

test('acronyms stay as they are, in the plural too', () => {
  expect(inSentence('LCR profile')).toBe('LCR profile')
  expect(inSentence('POP')).toBe('POP')
  expect(inSentence('POPs')).toBe('POPs')
  expect(inSentence('Channel and CPS Plans')).toBe('channel and CPS plans')
})

test('the mock names kinds as the switch does', () => {
  const plurals = new Map(readKinds().map(({ kind, title_plural }) => [kind, title_plural]))
  expect(plurals.get('pop')).toBe('POPs')
  expect(plurals.get('lcr_profile')).toBe('LCR profiles')
  expect(plurals.get('customer_category')).toBe('Customer categories')
  expect(plurals.get('translation_rules')).toBe('Translation rules')
})
