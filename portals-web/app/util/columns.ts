import { type Field, type FieldSchema, fieldsOf, typeOf } from './schema'

/** Columns beside those of the spec's fields. */
export const FIXED_COLUMNS = ['external_id', 'version', 'updated_by', 'updated_at', 'id'] as const
export type FixedColumn = (typeof FIXED_COLUMNS)[number]

/** Columns of the spec that are shown unless others are chosen. */
const SHOWN_MAX = 5
const SHOWN_FIXED: ReadonlySet<string> = new Set(['version', 'updated_at'])

/** Fields that a cell can show: single values, and lists of single values. */
export function columnFields(schema: FieldSchema): Field[] {
  return fieldsOf(schema).filter(({ schema: field }) => {
    if (field['x-secret']) return false
    const type = typeOf(field)
    if (type === 'array') return typeOf(field.items ?? {}) !== 'object'
    return type !== 'object' && type !== 'any' && field['x-widget'] !== 'multiline'
  })
}

/** Which columns are shown: those of the address, or the first that say most. */
export function chosenColumns(schema: FieldSchema, chosen: string | undefined): string[] {
  const fields = columnFields(schema)
  const known = [...fields.map(({ name }) => name), ...FIXED_COLUMNS]
  if (chosen !== undefined) {
    const wanted = new Set(chosen.split(','))
    return known.filter((name) => wanted.has(name))
  }
  const telling = fields.toSorted(
    (a, b) => Number(b.schema['x-filter'] ?? false) - Number(a.schema['x-filter'] ?? false),
  )
  const first = new Set(telling.slice(0, SHOWN_MAX).map(({ name }) => name))
  return known.filter((name) => first.has(name) || SHOWN_FIXED.has(name))
}
