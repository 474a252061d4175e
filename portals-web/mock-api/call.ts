/** A request, as the parts of the mock read it. */
export interface Call {
  method: string
  /** After `/api/v1/`, its parts. */
  path: readonly string[]
  query: URLSearchParams
  /** Who is signed in. */
  user: string
  json: <Body>() => Promise<Body>
}

/** What is answered. Without a body nothing is sent. */
export interface Answer {
  status: number
  body?: unknown
  /** Begins a session of this user. */
  signIn?: string
  /** Enters the tenant of this name; '' leaves it. */
  visit?: string
  type?: string
}

/** A page of rows that have numbers, the cursor being the number of the last row before it. */
export function pageOf<Row extends { id: number }>(rows: readonly Row[], query: URLSearchParams) {
  const limit = Number(query.get('limit') ?? 50)
  const start = rows.findIndex(({ id }) => String(id) === query.get('cursor')) + 1
  const items = rows.slice(start, start + limit)
  const hasMore = start + limit < rows.length
  return { items, next_cursor: hasMore ? String(items.at(-1)?.id) : null }
}

export function iso(ms: number): string {
  return new Date(ms).toISOString()
}
