import { expect, test } from 'vitest'

import { passwordRules } from './password'

const met = (password: string, ownWords: string[] = []) =>
  passwordRules(password, ownWords)
    .filter(({ isMet }) => isMet)
    .map(({ id }) => id)

test('nothing typed meets no rule', () => {
  expect(met('')).toEqual([])
})

test('characters are counted as people see them', () => {
  expect(met('👍👍👍👍👍👍')).not.toContain('length')
  expect(met('twelve chars')).toContain('length')
})

test('few different characters are a pattern', () => {
  expect(met('aaaabbbbcccc')).not.toContain('variety')
  expect(met('aaaabbbbcccc')).toContain('length')
  expect(met('AbaBcdeABCDE')).toContain('variety')
})

test('the own name with a little beside it is no password', () => {
  const own = ['Nadia Hassan', 'nadia@example.org']
  expect(met('nadia-hassan-1', own)).not.toContain('personal')
  expect(met('nadia reads old maps', own)).toContain('personal')
  expect(met('correct horse battery', own)).toEqual(['length', 'variety', 'personal'])
})
