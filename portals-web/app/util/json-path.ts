/** A value of JSON. */
export type Json = null | boolean | number | string | Json[] | JsonObject
export interface JsonObject {
  [key: string]: Json
}

/** A step into an object or a list. */
export type Step = string | number

/** `failover.codes[2]` as its steps. */
export function stepsOf(path: string): Step[] {
  return [...path.matchAll(/([^.[\]]+)|\[(\d+)\]/g)].map(([, key, index]) =>
    index === undefined ? (key ?? '') : Number(index),
  )
}

/** The steps as a path, as the API names a field. */
export function pathOf(steps: readonly Step[]): string {
  return steps.reduce<string>((path, step) => {
    if (typeof step === 'number') return `${path}[${step}]`
    return path ? `${path}.${step}` : step
  }, '')
}

/** The value at a path; undefined when there is none. */
export function getAt(value: Json | undefined, path: string): Json | undefined {
  return stepsOf(path).reduce<Json | undefined>((at, step) => {
    if (Array.isArray(at)) return typeof step === 'number' ? at[step] : undefined
    return isObject(at) && typeof step === 'string' ? at[step] : undefined
  }, value)
}

/** The same object with another value at a path; undefined takes the field away. */
export function setAt(object: JsonObject, path: string, value: Json | undefined): JsonObject {
  return place(object, stepsOf(path), value) as JsonObject
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Whether two values say the same. The order of keys says nothing; undefined is not there. */
export function isEqual(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((each, index) => isEqual(each, b[index]))
  }
  if (!isObject(a) || !isObject(b)) return false
  const keys = new Set([...Object.keys(a), ...Object.keys(b)])
  return [...keys].every((key) => isEqual(a[key], b[key]))
}

function place(at: Json | undefined, steps: readonly Step[], value: Json | undefined): Json {
  const [step, ...rest] = steps
  if (step === undefined) return value ?? null
  const next = (inner: Json | undefined) => (rest.length === 0 ? value : place(inner, rest, value))
  if (typeof step === 'number') {
    const list = Array.isArray(at) ? [...at] : []
    list[step] = next(list[step]) ?? null
    return list
  }
  const object = isObject(at) ? { ...at } : {}
  const inner = next(object[step])
  if (inner === undefined) delete object[step]
  else object[step] = inner
  return object
}
