import { expect, test } from 'vitest'

import { type Source, sources } from './sources'

/** Rules of the house that no linter knows. Each finds what breaks it, by file and line. */

const app = sources('app').filter(({ path }) => !/\.spec\.tsx?$/.test(path))
const components = app.filter(({ path }) => path.endsWith('.tsx'))

function lines(files: readonly Source[], pattern: RegExp): string[] {
  return files.flatMap(({ path, text }) =>
    text
      .split('\n')
      .map((line, index) => ({ line, place: `${path}:${index + 1}` }))
      .filter(({ line }) => pattern.test(line))
      .map(({ line, place }) => `${place} ${line.trim()}`),
  )
}

const except = (files: readonly Source[], allowed: RegExp) =>
  files.filter(({ path }) => !allowed.test(path))

test('colour values stand in the theme only', () => {
  const found = lines(except(app, /^app\/ui\/theme\.css$/), /#[0-9a-f]{3,8}\b|rgba?\(|hsla?\(/i)
  expect(found).toEqual([])
})

test('money, times and counts are formatted in util only', () => {
  const found = lines(except(app, /^app\/util\//), /\bIntl\.|toLocale|toFixed\(/)
  expect(found).toEqual([])
})

test('money is not read as a float, but to place it on a chart', () => {
  const found = lines(
    except(app, /^app\/pages\/admin\/live\/tiles\.ts$/),
    /(Number|parseFloat)\((\w+\.)?(charge|cost|margin|revenue|amount)\b/,
  )
  expect(found).toEqual([])
})

test('the network is asked in api only', () => {
  const found = lines(except(app, /^app\/(api|hooks\/use-live-feed)/), /\bfetch\(|new EventSource/)
  expect(found).toEqual([])
})

test('no markup is made from text', () => {
  expect(lines(app, /dangerouslySetInnerHTML|\.innerHTML|outerHTML/)).toEqual([])
})

test('texts come from the catalogue', () => {
  // Words between tags, or alone on a line. The product's name and key caps stay.
  const inTags = lines(components, /<[a-z][^<>]*>\s*[A-Za-z]{2,}[^<>{}]*<\//).filter(
    (line) => !/DIDTron|<Kbd>/.test(line),
  )
  const alone = lines(components, /^\s+[A-Z][a-z]+( [a-z]+)+[.!?]?$/)
  const attributes = lines(components, /\b(aria-label|title|placeholder|alt)="[A-Za-z]/)
  expect([...inTags, ...alone, ...attributes]).toEqual([])
})

test('sides are logical, so that the other writing direction works', () => {
  const found = lines(components, /[\s"'`](m|p)(l|r)-\d|[\s"'`](left|right)-\d|text-(left|right)\b/)
  expect(found).toEqual([])
})

test('files fit in the head', () => {
  const lengths = app
    .map(({ path, text }) => ({ path, count: text.split('\n').length }))
    .toSorted((a, b) => a.count - b.count)
  const at = (share: number) => lengths[Math.floor((lengths.length - 1) * share)]?.count
  expect(lengths.filter(({ count }) => count > 500)).toEqual([])
  expect(at(0.5)).toBeLessThanOrEqual(100)
  expect(at(0.9)).toBeLessThanOrEqual(250)
})
