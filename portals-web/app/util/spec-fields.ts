/** One field of a resource's spec, with its path as `limits.channels`. */
export interface SpecField {
  path: string
  value: string | number | boolean | null | readonly SpecValue[]
}

export type SpecValue = string | number | boolean | null | object

/**
 * The fields of a spec from the outside in: objects become paths, lists stay lists. Fields that are
 * not set come last, because they say least.
 */
export function specFields(spec: object, prefix = ''): SpecField[] {
  const fields = Object.entries(spec).flatMap(([key, value]: [string, unknown]): SpecField[] => {
    const path = prefix ? `${prefix}.${key}` : key
    if (Array.isArray(value)) return [{ path, value: value.filter(isSpecValue) }]
    if (typeof value === 'object' && value !== null) return specFields(value, path)
    return isScalar(value) ? [{ path, value }] : []
  })
  return prefix ? fields : fields.toSorted((a, b) => Number(isUnset(a)) - Number(isUnset(b)))
}

/** `cps_limit` → `Cps limit`; the path keeps its dots. */
export function fieldLabel(path: string): string {
  const words = path.replaceAll('_', ' ').replaceAll('.', ' · ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

/** The few fields that say most, for one line of a list. */
export function specSummary(spec: object, maxFields = 4): string {
  return specFields(spec)
    .flatMap(({ path, value }) => {
      if (typeof value === 'string' && value !== '') return [value]
      if (typeof value === 'number') return [`${path.replaceAll('_', ' ')} ${value}`]
      if (Array.isArray(value) && value.every((each) => typeof each === 'string')) {
        return value.length > 0 ? [value.slice(0, 3).join(', ')] : []
      }
      return []
    })
    .slice(0, maxFields)
    .join(' · ')
}

function isUnset({ value }: SpecField): boolean {
  return value === null || value === '' || (Array.isArray(value) && value.length === 0)
}

function isScalar(value: unknown): value is string | number | boolean | null {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value)
}

function isSpecValue(value: unknown): value is SpecValue {
  return isScalar(value) || typeof value === 'object'
}
