import type { Cdr } from '~/api/__generated__/schema'

/** Whether a record fulfils the filters of a query. */
export function matches(query: URLSearchParams): (record: Cdr) => boolean {
  const wanted = (key: string) => query.get(key)
  const [from, to] = [wanted('from'), wanted('to')]
  return (record) =>
    [wanted('customer') ?? record.customer, wanted('carrier') ?? record.carrier].every(
      (value, index) => value === [record.customer, record.carrier][index],
    ) &&
    (wanted('outcome') ?? record.outcome) === record.outcome &&
    record.called_number.startsWith(wanted('called_prefix') ?? '') &&
    (!from || Date.parse(record.received_at) >= Date.parse(from)) &&
    (!to || Date.parse(record.received_at) < Date.parse(to))
}

/** The cursor is the id of the last row before the page. */
export function page<T extends { id: string }>(items: readonly T[], query: URLSearchParams) {
  const limit = Number(query.get('limit') ?? 50)
  const start = items.findIndex(({ id }) => id === query.get('cursor')) + 1
  const shown = items.slice(start, start + limit)
  const hasMore = start + limit < items.length
  return { items: shown, next_cursor: hasMore ? (shown.at(-1)?.id ?? null) : null }
}
