/** The query part of an address as plain strings: `?called_prefix=44`, never `?called_prefix="44"`. */
export type PlainSearch = Record<string, string>

export function parseSearch(search: string): PlainSearch {
  return Object.fromEntries(new URLSearchParams(search))
}

/** Leaves out what is empty, so that an address never carries a filter that does nothing. */
export function stringifySearch(search: Record<string, unknown>): string {
  const params = new URLSearchParams()
  for (const [key, value] of Object.entries(search)) {
    if (typeof value === 'string' && value !== '') params.set(key, value)
  }
  const text = params.toString()
  return text ? `?${text}` : ''
}

/** One of the allowed words, or nothing: an address is typed by people, too. */
export function oneOf<T extends string>(value: unknown, allowed: readonly T[]): T | undefined {
  return allowed.find((each) => each === value)
}

/** A text of bounded length, or nothing. */
export function text(value: unknown, maxLength = 128): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, maxLength) : undefined
}
