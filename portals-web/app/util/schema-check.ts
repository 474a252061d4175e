import { isObject, type Json, type JsonObject } from './json-path.ts'
import { allows, type Field, type FieldSchema, fieldsOf, isShown, typeOf } from './schema.ts'

/** Why a value cannot be sent: a key of the texts `fields:fault`, with what it says. */
export interface Fault {
  /** As the API names a field: `failover.codes[2]`. */
  field: string
  code: FaultCode
  /** The bound that is meant, or an example. */
  bound?: string | number
}

export type FaultCode =
  | 'required'
  | 'integer'
  | 'atLeast'
  | 'atMost'
  | 'tooShort'
  | 'tooLong'
  | 'pattern'
  | 'patternLike'
  | 'tooFew'
  | 'tooMany'

/** What the schema alone can tell. The switch checks everything again, and more. */
export function faultsOf(spec: JsonObject, schema: FieldSchema): Fault[] {
  return fieldsOf(schema)
    .filter((field) => isShown(field, spec))
    .flatMap((field) => faultsOfField(spec[field.name], field, field.name))
}

function faultsOfField(value: Json | undefined, field: Field, path: string): Fault[] {
  const { schema, isRequired } = field
  if (isMissing(value)) {
    // A group that must be there is checked by what must be in it.
    if (isRequired && typeOf(schema) === 'object') return faultsOfValue({}, schema, path)
    return isRequired ? [{ field: path, code: 'required' }] : []
  }
  return faultsOfValue(value, schema, path)
}

function faultsOfValue(value: Json, schema: FieldSchema, path: string): Fault[] {
  const mayBeText = allows(schema, 'string')
  if (allows(schema, 'integer') && !(mayBeText && typeof value === 'string')) {
    return faultsOfNumber(value, schema, path)
  }
  if (typeof value === 'string') return faultsOfText(value, schema, path)
  if (Array.isArray(value)) return faultsOfList(value, schema, path)
  if (!isObject(value)) return []
  return fieldsOf(schema).flatMap((field) =>
    faultsOfField(value[field.name], field, `${path}.${field.name}`),
  )
}

function faultsOfNumber(value: Json, { minimum, maximum }: FieldSchema, path: string): Fault[] {
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    return [{ field: path, code: 'integer' }]
  }
  if (minimum !== undefined && value < minimum) {
    return [{ field: path, code: 'atLeast', bound: minimum }]
  }
  if (maximum !== undefined && value > maximum) {
    return [{ field: path, code: 'atMost', bound: maximum }]
  }
  return []
}

function faultsOfText(value: string, schema: FieldSchema, path: string): Fault[] {
  const { minLength, maxLength, pattern, examples } = schema
  const length = [...value].length
  if (minLength !== undefined && length < minLength) {
    return [{ field: path, code: 'tooShort', bound: minLength }]
  }
  if (maxLength !== undefined && length > maxLength) {
    return [{ field: path, code: 'tooLong', bound: maxLength }]
  }
  if (pattern === undefined || matches(value, pattern)) return []
  const example = examples?.[0]
  return typeof example === 'string'
    ? [{ field: path, code: 'patternLike', bound: example }]
    : [{ field: path, code: 'pattern' }]
}

function faultsOfList(list: readonly Json[], schema: FieldSchema, path: string): Fault[] {
  const { minItems, maxItems, items } = schema
  if (minItems !== undefined && list.length < minItems) {
    return [{ field: path, code: 'tooFew', bound: minItems }]
  }
  if (maxItems !== undefined && list.length > maxItems) {
    return [{ field: path, code: 'tooMany', bound: maxItems }]
  }
  if (!items) return []
  return list.flatMap((each, index) => faultsOfValue(each, items, `${path}[${index}]`))
}

function isMissing(value: Json | undefined): value is undefined | null | '' {
  return value === undefined || value === null || value === ''
}

/** A pattern that this browser cannot read is left to the switch. */
function matches(value: string, pattern: string): boolean {
  try {
    return new RegExp(pattern, 'u').test(value)
  } catch {
    return true
  }
}
