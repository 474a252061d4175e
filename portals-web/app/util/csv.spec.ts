import { expect, test } from 'vitest'

import { toCsv } from './csv'

test('fields are quoted where they must be', () => {
  expect(toCsv([['a', 'b,c', 'say "hi"']])).toBe('a,"b,c","say ""hi"""\r\n')
})

test('a formula is not run, a negative number stays a number', () => {
  expect(toCsv([['=1+1', '@sum', '-0.25']])).toBe("'=1+1,'@sum,-0.25\r\n")
})
