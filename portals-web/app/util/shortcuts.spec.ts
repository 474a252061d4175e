import { expect, test } from 'vitest'

import { keyCaps, SEQUENCE_MS, ShortcutMatcher, SHORTCUTS } from './shortcuts'

const plain = (key: string) => ({ key, ctrlKey: false, metaKey: false, altKey: false })

test('a key with its modifier, and two keys in a row', () => {
  const matcher = new ShortcutMatcher()
  expect(matcher.press({ ...plain('k'), ctrlKey: true }, 0, true)).toBe('palette')
  expect(matcher.press({ ...plain('K'), metaKey: true }, 0, true)).toBe('palette')
  expect(matcher.press(plain('g'), 0, true)).toBeNull()
  expect(matcher.press(plain('l'), 500, true)).toBe('goCdrs')
})

test('the second key must come in time', () => {
  const matcher = new ShortcutMatcher()
  matcher.press(plain('g'), 0, true)
  expect(matcher.press(plain('l'), SEQUENCE_MS + 1, true)).toBeNull()
})

test('a wrong second key still counts for itself', () => {
  const matcher = new ShortcutMatcher()
  matcher.press(plain('g'), 0, true)
  expect(matcher.press(plain('j'), 10, true)).toBe('rowNext')
})

test('with single keys off only modified shortcuts work', () => {
  const matcher = new ShortcutMatcher()
  expect(matcher.press(plain('?'), 0, false)).toBeNull()
  expect(matcher.press({ ...plain('k'), ctrlKey: true }, 0, false)).toBe('palette')
})

test('Alt belongs to the browser and the screen reader', () => {
  expect(new ShortcutMatcher().press({ ...plain('j'), altKey: true }, 0, true)).toBeNull()
})

test('no two shortcuts share keys, and none hides behind a prefix', () => {
  const keys = Object.values(SHORTCUTS).map((it) => it.keys as string)
  expect(new Set(keys).size).toBe(keys.length)
  const prefixes = new Set(keys.filter((it) => it.includes(' ')).map((it) => it.split(' ')[0]))
  expect(keys.filter((it) => prefixes.has(it))).toEqual([])
})

test('keys are shown as they are on the keyboard', () => {
  expect(keyCaps('palette', false)).toEqual([['Ctrl', 'K']])
  expect(keyCaps('palette', true)).toEqual([['⌘', 'K']])
  expect(keyCaps('goLive', false)).toEqual([['G'], ['H']])
})
