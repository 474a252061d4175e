// @vitest-environment jsdom
import { expect, test } from 'vitest'

import i18n, { AREAS, LANGUAGES, loadTexts, preferredLanguage, showLanguage } from '~/i18n'

/** The texts of an area by their full names: `reports:chart.summary`. */
function flat(texts: unknown, path: string): [string, string][] {
  if (typeof texts === 'string') return [[path, texts]]
  return Object.entries(texts as object).flatMap(([key, value]) => flat(value, `${path}.${key}`))
}

const BUNDLED = ['common', 'errors', 'shell']

async function textsOf(language: string): Promise<Map<string, string>> {
  await loadTexts(...AREAS)
  await showLanguage('es')
  await showLanguage('en')
  const all = [...AREAS, ...BUNDLED].flatMap((area) =>
    flat(i18n.getResourceBundle(language, area), area),
  )
  return new Map(all)
}

const PLURAL = /_(zero|one|two|few|many|other)$/
const names = (text: string) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name)

test('each text is there in Spanish, with every plural form that Spanish has', async () => {
  const [english, spanish] = [await textsOf('en'), await textsOf('es')]
  expect(english.size).toBeGreaterThan(1_000)
  const forms = new Intl.PluralRules('es').resolvedOptions().pluralCategories
  const wanted = [...english.keys()].flatMap((key) =>
    key.endsWith('_one') ? forms.map((form) => key.replace(PLURAL, `_${form}`)) : [key],
  )
  expect([...spanish.keys()].toSorted()).toEqual([...new Set(wanted)].toSorted())
})

test('a text has the same interpolations in both languages', async () => {
  const [english, spanish] = [await textsOf('en'), await textsOf('es')]
  const differing = [...spanish].filter(([key, text]) => {
    const known = english.get(key) ?? english.get(key.replace(PLURAL, '_other')) ?? ''
    return names(text).toSorted().join() !== names(known).toSorted().join()
  })
  expect(differing).toEqual([])
})

test('no text is empty, and none is left in English', async () => {
  const [english, spanish] = [await textsOf('en'), await textsOf('es')]
  expect([...spanish].filter(([, text]) => text.trim() === '')).toEqual([])
  // Acronyms, units, names, and words that are the same in both languages.
  const same =
    /^(DIDTron|[A-Z]{3}|PDD ms|Gateway|Carriers?|Switch|Shard|Hash|Marketing|General|No|User-Agent|webhook-id|Error|e2e|\d+ ?(s|min|m|h)|(\{\{\w+\}\}[:,. ]*)+|\{\{\w+\}\} (s|ms))$/
  const left = [...spanish].filter(([key, text]) => english.get(key) === text && !same.test(text))
  expect(left).toEqual([])
})

test('Spanish asks nobody by “usted” or “tú”: it says what to do', async () => {
  const spanish = await textsOf('es')
  const found = [...spanish].filter(([, text]) =>
    /\b(usted|ustedes|tú|tu|tus|introduzca|ingrese|escriba|elija|pulse)\b/i.test(text),
  )
  expect(found).toEqual([])
})

test('a number chooses its form', async () => {
  await loadTexts('lists', 'people')
  await showLanguage('es')
  const count = (value: number) => i18n.t('shell:workingSet', { count: value, name: 'x' })
  expect(count(1)).toBe('En curso: x, 1 borrador')
  expect(count(2)).toBe('En curso: x, 2 borradores')
  expect(count(1_000_000)).toBe('En curso: x, 1000000 de borradores')
  await showLanguage('en')
})

test('who never chose gets the first language of the browser that there is', () => {
  expect(preferredLanguage(['es-MX', 'en'])).toBe('es')
  expect(preferredLanguage(['de-DE', 'es', 'en'])).toBe('es')
  expect(preferredLanguage(['en-GB', 'es'])).toBe('en')
  expect(preferredLanguage(['de', 'fr'])).toBe('en')
  expect(preferredLanguage([])).toBe('en')
  // A name of an object's own machinery is no language.
  expect(preferredLanguage(['constructor', 'toString'])).toBe('en')
  expect(Object.keys(LANGUAGES)).toEqual(['en', 'es'])
})

test('who changes twice in a moment sees the second', async () => {
  const first = showLanguage('es')
  const second = showLanguage('en')
  await Promise.all([first, second])
  expect(i18n.language).toBe('en')
})
