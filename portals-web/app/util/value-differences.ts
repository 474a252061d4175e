import { isEqual, isObject, type Json } from './json-path'

export interface ValueDifference {
  field: string
  before: unknown
  after: unknown
}

/** Two values of an entry, field by field; what is the same in both is left out. */
export function valueDifferences(before: unknown, after: unknown): ValueDifference[] {
  const [old, now] = [fieldsOf(before), fieldsOf(after)]
  const names = [...new Set([...Object.keys(old), ...Object.keys(now)])]
  return names
    .filter((field) => !isEqual(old[field], now[field]))
    .map((field) => ({ field, before: old[field] ?? null, after: now[field] ?? null }))
}

function fieldsOf(value: unknown): Record<string, Json | undefined> {
  if (value === null || value === undefined) return {}
  const json = value as Json
  return isObject(json) ? json : { value: json }
}
