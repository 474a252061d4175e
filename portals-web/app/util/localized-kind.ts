import type { FieldSchema } from './schema.ts'

/** The parts of a kind that say something in words. */
export interface SpokenKind {
  kind: string
  title: string
  title_plural: string
  summary: string
  description: string
  schema: FieldSchema
}

export interface KindDictionary {
  kinds: Readonly<Record<string, { one: string; many: string }>>
  /** Those of `kind.field` are for fields whose name means something else in that kind. */
  fields: Readonly<Record<string, string>>
  sentences: Readonly<Record<string, string>>
}

/** A kind with its words in another language; what the dictionary lacks stays as the switch says it. */
export function localizedKind<K extends SpokenKind>(kind: K, dictionary: KindDictionary): K {
  const say = (text: string) => translated(dictionary, text)
  const name = Object.hasOwn(dictionary.kinds, kind.kind) ? dictionary.kinds[kind.kind] : undefined
  const description = say(kind.description)
  return {
    ...kind,
    title: name?.one ?? kind.title,
    title_plural: name?.many ?? kind.title_plural,
    // The switch makes the summary of the first sentence.
    summary: description === kind.description ? kind.summary : firstSentence(description),
    description,
    schema: labelled(localizedSchema(kind.schema, say), kind.kind, dictionary),
  }
}

function labelled(schema: FieldSchema, kind: string, { fields }: KindDictionary): FieldSchema {
  const properties = Object.entries(schema.properties ?? {}).map(([name, field]) => {
    const label = Object.hasOwn(fields, `${kind}.${name}`) ? fields[`${kind}.${name}`] : undefined
    return [name, label === undefined ? field : { ...field, 'x-label': label }] as const
  })
  return { ...schema, properties: Object.fromEntries(properties) }
}

function localizedSchema(schema: FieldSchema, say: (text: string) => string): FieldSchema {
  const { description, properties, items } = schema
  const [unit, fallback, meanings] = [
    schema['x-unit'],
    schema['x-default'],
    schema['x-enum-descriptions'],
  ]
  return {
    ...schema,
    ...(description === undefined ? {} : { description: say(description) }),
    ...(unit === undefined ? {} : { 'x-unit': say(unit) }),
    ...(fallback === undefined ? {} : { 'x-default': say(fallback) }),
    ...(meanings === undefined ? {} : { 'x-enum-descriptions': eachValue(meanings, say) }),
    ...(properties === undefined
      ? {}
      : { properties: eachValue(properties, (field) => localizedSchema(field, say)) }),
    ...(items === undefined ? {} : { items: localizedSchema(items, say) }),
  }
}

function translated({ sentences }: KindDictionary, text: string): string {
  return (Object.hasOwn(sentences, text) ? sentences[text] : undefined) ?? text
}

function firstSentence(text: string): string {
  const end = text.search(/\.(\s|$)/)
  return end === -1 ? text : text.slice(0, end + 1)
}

function eachValue<T, U>(
  values: Readonly<Record<string, T>>,
  made: (value: T) => U,
): Record<string, U> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, made(value)]))
}
