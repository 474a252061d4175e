import { beforeAll, expect, test } from 'vitest'

import { readKinds } from '#mock/kinds'
import { kindTextsIn, type KindTexts, showLanguage } from '~/i18n'
import { fieldWords } from '~/util/field-words'
import { localizedKind } from '~/util/localized-kind'
import { type FieldSchema } from '~/util/schema'

const kinds = readKinds()
let spanish: KindTexts

beforeAll(async () => {
  await showLanguage('es')
  await showLanguage('en')
  const texts = kindTextsIn('es')
  if (!texts) throw new Error('the Spanish texts of kinds were not fetched')
  spanish = texts
})

interface Said {
  fields: Set<string>
  choices: Set<string>
  permissions: Set<string>
  sentences: Set<string>
}

/** All that the schemas of the kinds say in words. */
function said(): Said {
  const all: Said = {
    fields: new Set(),
    choices: new Set(),
    permissions: new Set(),
    sentences: new Set(),
  }
  const look = (schema: FieldSchema) => {
    const meanings = Object.values(schema['x-enum-descriptions'] ?? {})
    for (const text of [schema.description, schema['x-unit'], schema['x-default'], ...meanings]) {
      if (text) all.sentences.add(text)
    }
    for (const value of schema.enum ?? []) {
      if (value !== null) (value.includes('.') ? all.permissions : all.choices).add(value)
    }
    for (const [name, field] of Object.entries(schema.properties ?? {})) {
      all.fields.add(name)
      look(field)
    }
    if (schema.items) look(schema.items)
  }
  for (const { schema, description } of kinds) {
    all.sentences.add(description)
    look(schema)
  }
  return all
}

const missing = (wanted: Iterable<string>, there: object) =>
  [...wanted].filter((name) => !Object.hasOwn(there, name))

test('the kinds of today have all their words in Spanish', () => {
  const { fields, choices, permissions, sentences } = said()
  expect(kinds.length).toBeGreaterThan(20)
  expect(sentences.size).toBeGreaterThan(400)
  expect(
    missing(
      kinds.map(({ kind }) => kind),
      spanish.kinds,
    ),
  ).toEqual([])
  expect(missing(fields, spanish.fields)).toEqual([])
  expect(missing(choices, spanish.choices)).toEqual([])
  expect(missing(sentences, spanish.sentences)).toEqual([])
  const parts = [...permissions].map((each) => each.split('.'))
  const areas = parts.map(([area = '']) => area)
  expect(missing(areas, { ...spanish.kinds, ...spanish.areas })).toEqual([])
  expect(
    missing(
      parts.map(([, verb = '']) => verb),
      spanish.verbs,
    ),
  ).toEqual([])
})

test('no translation is of a text that no schema says any more', () => {
  const { choices, sentences } = said()
  expect(Object.keys(spanish.sentences).filter((text) => !sentences.has(text))).toEqual([])
  expect(Object.keys(spanish.choices).filter((value) => !choices.has(value))).toEqual([])
})

test('a translation names the same fields, codes and header fields', () => {
  const code = (text: string) => [...text.matchAll(/`([^`]*)`/g)].map(([, name = '']) => name)
  // What stands for a word of one's own is translated, too.
  const plain = (names: string[]) => names.filter((name) => !/^(address|dirección):/.test(name))
  const differing = Object.entries(spanish.sentences).filter(
    ([english, text]) =>
      plain(code(english)).toSorted().join() !== plain(code(text)).toSorted().join(),
  )
  expect(differing).toEqual([])
  const numbers = (text: string) => (text.match(/\b\d{2,}\b/g) ?? []).toSorted().join()
  expect(
    Object.entries(spanish.sentences).filter(
      ([english, text]) => numbers(english) !== numbers(text),
    ),
  ).toEqual([])
})

test('a kind is localized through its whole schema, and what is unknown stays as it is said', () => {
  const trunk = kinds.find(({ kind }) => kind === 'trunk')
  if (!trunk) throw new Error('there is no trunk')
  const odd = { ...trunk, schema: { ...trunk.schema, 'x-unit': 'furlongs' } }
  const made = localizedKind(odd, spanish)
  expect([made.title, made.title_plural]).toEqual(['Troncal', 'Troncales'])
  expect(made.summary).toBe(
    'Una conexión: de entrada, desde un cliente, o de salida, hacia un carrier.',
  )
  expect(made.schema['x-unit']).toBe('furlongs')
  const failover = made.schema.properties?.['failover']
  expect(failover?.description).toBe('Salida: cuándo pasar a la ruta siguiente.')
  expect(failover?.properties?.['ring_timeout_s']?.['x-unit']).toBe('segundos')
  const direction = made.schema.properties?.['direction']
  expect(direction?.['x-enum-descriptions']?.['egress']).toBe('Del switch a un carrier.')
  const rates = kinds.find(({ kind }) => kind === 'exchange_rate')
  if (!rates) throw new Error('there is no exchange rate')
  const label = localizedKind(rates, spanish).schema.properties?.['rates']?.['x-label']
  expect(label).toBe('Tipos de cambio')
  // Values, patterns and bounds are the switch's.
  expect(direction?.enum).toEqual(trunk.schema.properties?.['direction']?.enum)
  expect(trunk.title).toBe('Trunk')
})

test('labels are those of the language, and English where it has none', () => {
  const [es, en] = [fieldWords(spanish), fieldWords(undefined)]
  expect(es.field('failover.ring_timeout_s')).toBe('Respaldo · espera de timbre')
  expect(es.field('hours[2].from')).toBe('Horas · desde')
  expect(es.field('cps_limit')).toBe('Límite de CPS')
  expect(es.field('signalling.reinvite')).toBe('Señalización · Re-INVITE')
  expect(es.field('brand_new_ms')).toBe('Brand new')
  expect(es.field('constructor')).toBe('Constructor')
  expect(es.choice('round_robin')).toBe('Rotación')
  expect(es.choice('brand_new')).toBe('Brand new')
  expect([es.area('audit'), es.verb('export')]).toEqual(['Auditoría', 'Exportar'])
  expect(es.area('rate_card')).toBe('Tarifario')
  expect(en.field('failover.ring_timeout_s')).toBe('Failover · ring timeout')
  expect(en.choice('round_robin')).toBe('Round robin')
})
