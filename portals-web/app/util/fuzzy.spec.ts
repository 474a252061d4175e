import { expect, test } from 'vitest'

import { fuzzyScore } from './fuzzy'

const best = (query: string, candidates: string[]) =>
  candidates
    .map((candidate) => ({ candidate, score: fuzzyScore(query, candidate) }))
    .filter(({ score }) => score !== null)
    .toSorted((a, b) => Number(b.score) - Number(a.score))[0]?.candidate

test('characters must come in order', () => {
  expect(fuzzyScore('rcd', 'Rate cards')).not.toBeNull()
  expect(fuzzyScore('dcr', 'Rate cards')).toBeNull()
})

test('a whole word beats scattered characters', () => {
  expect(best('call', ['Customers and carrier list', 'Live calls'])).toBe('Live calls')
  expect(best('rc', ['Search', 'Rate cards'])).toBe('Rate cards')
})
