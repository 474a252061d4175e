import { isObject, type Json, type JsonObject } from './json-path.ts'

/**
 * The part of JSON Schema 2020-12 that kinds of resources use, with their hints for forms. A schema
 * is complete in itself: no `$ref`, no `anyOf`; what may be left out has `null` among its types.
 */
export interface FieldSchema {
  type?: string | string[]
  title?: string
  description?: string
  default?: Json
  enum?: (string | null)[]
  examples?: Json[]
  required?: string[]
  properties?: Record<string, FieldSchema>
  items?: FieldSchema
  pattern?: string
  minimum?: number
  maximum?: number
  minLength?: number
  maxLength?: number
  minItems?: number
  maxItems?: number
  /** Of this console, not of the switch: what the field is called in another language. */
  'x-label'?: string
  'x-reference'?: string
  'x-filter'?: boolean
  'x-unit'?: string
  'x-section'?: string
  'x-secret'?: boolean
  'x-widget'?: string
  'x-order'?: number
  'x-default'?: string
  'x-direction'?: string
  'x-minimum'?: string
  'x-maximum'?: string
  'x-enum-descriptions'?: Record<string, string>
}

export type Section = 'general' | 'advanced'

/** A field of an object: its name, its schema, and whether it must be there. */
export interface Field {
  name: string
  schema: FieldSchema
  isRequired: boolean
}

/** What a field is edited with. */
export type Control =
  | 'choice'
  | 'flag'
  | 'integer'
  | 'text'
  | 'long-text'
  | 'secret'
  | 'reference'
  | 'time-zone'
  | 'deck'
  | 'choices'
  | 'permissions'
  | 'lines'
  | 'ordered'
  | 'rows'
  | 'group'
  | 'json'

/** The fields of an object, in the order that they are asked in. */
export function fieldsOf(schema: FieldSchema): Field[] {
  const place = (field: FieldSchema) => field['x-order'] ?? Number.MAX_SAFE_INTEGER
  return Object.entries(schema.properties ?? {})
    .map(([name, field]) => ({
      name,
      schema: field,
      isRequired: schema.required?.includes(name) ?? false,
    }))
    .toSorted((a, b) => place(a.schema) - place(b.schema))
}

export function fieldsOfSection(schema: FieldSchema, section: Section): Field[] {
  return fieldsOf(schema).filter(
    (field) => (field.schema['x-section'] === 'advanced' ? 'advanced' : 'general') === section,
  )
}

/** The type without `null`. */
export function typeOf(schema: FieldSchema): string {
  const types = typeof schema.type === 'string' ? [schema.type] : (schema.type ?? [])
  return types.find((type) => type !== 'null') ?? 'any'
}

/** Whether a value may be of a type. */
export function allows(schema: FieldSchema, type: string): boolean {
  return schema.type === type || (Array.isArray(schema.type) && schema.type.includes(type))
}

export function isNullable(schema: FieldSchema): boolean {
  return allows(schema, 'null')
}

/** The values of an `enum`, without `null`. */
export function choicesOf(schema: FieldSchema): string[] {
  return (schema.enum ?? []).filter((value) => value !== null)
}

export function controlOf(schema: FieldSchema): Control {
  const widget = schema['x-widget']
  switch (typeOf(schema)) {
    case 'boolean':
      return 'flag'
    case 'integer':
    case 'number':
      return 'integer'
    case 'object':
      return 'group'
    case 'array':
      return controlOfList(schema, widget)
    case 'string':
      if (schema['x-secret']) return 'secret'
      if (schema['x-reference']) return 'reference'
      if (schema.enum) return 'choice'
      if (widget === 'multiline') return 'long-text'
      if (widget === 'time-zone' || widget === 'deck') return widget
      return 'text'
    default:
      return 'json'
  }
}

function controlOfList(schema: FieldSchema, widget: string | undefined): Control {
  const items = schema.items ?? {}
  if (widget === 'permissions') return 'permissions'
  if (typeOf(items) === 'object') return 'rows'
  if (items['x-reference'] || widget === 'ordered-list') return 'ordered'
  if (!['string', 'integer'].includes(typeOf(items))) return 'json'
  return items.enum ? 'choices' : 'lines'
}

/** Fields of a trunk's other direction are not asked for, unless something stands in them. */
export function isShown(field: Field, spec: JsonObject): boolean {
  const direction = field.schema['x-direction']
  return direction === undefined || direction === spec['direction'] || field.name in spec
}

/** A new spec: what has a default has it, the rest is asked for. */
export function newSpec(schema: FieldSchema): JsonObject {
  const defaults = fieldsOf(schema).flatMap(({ name, schema: field, isRequired }) => {
    if (field.default !== undefined && field.default !== null && !isEmpty(field.default)) {
      return [[name, field.default] as const]
    }
    // A choice that must be made begins with the first, so that the form shows what belongs to it.
    const first = isRequired && field.enum ? choicesOf(field)[0] : undefined
    return first === undefined ? [] : [[name, first] as const]
  })
  return Object.fromEntries(defaults)
}

/** A row of a list of objects. */
export function newRow(schema: FieldSchema): JsonObject {
  return newSpec(schema)
}

/** The spec as it is sent: without fields that nobody filled in. */
export function cleaned(spec: JsonObject, schema: FieldSchema): JsonObject {
  const required = new Set(schema.required)
  const kept = Object.entries(spec).flatMap(([name, value]) => {
    const field = schema.properties?.[name]
    if (!field) return [[name, value] as const]
    const inner = cleanedValue(value, field)
    const isLeftOut = inner === null || inner === '' || (isEmpty(inner) && !required.has(name))
    return isLeftOut ? [] : [[name, inner] as const]
  })
  return Object.fromEntries(kept)
}

function cleanedValue(value: Json, schema: FieldSchema): Json {
  const { items } = schema
  if (Array.isArray(value) && items && typeOf(items) === 'object') {
    return value.map((each) => (isObject(each) ? cleaned(each, items) : each))
  }
  return isObject(value) && schema.properties ? cleaned(value, schema) : value
}

function isEmpty(value: Json): boolean {
  if (Array.isArray(value)) return value.length === 0
  return isObject(value) && Object.keys(value).length === 0
}
