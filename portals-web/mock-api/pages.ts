import type { Cdr, CdrPage, CdrSummary } from '~/api/__generated__/schema'

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
    (!to || Date.parse(record.received_at) < Date.parse(to)) &&
    factsHold(record, query)
}

/** Some of the facts that the switch finds by. */
function factsHold(record: Cdr, query: URLSearchParams): boolean {
  const last = record.attempt_records.at(-1)
  const facts: Record<string, (value: string) => boolean> = {
    call_id: (value) =>
      [
        record.ingress_call_id,
        ...record.attempt_records.map((each) => each.egress_call_id),
      ].includes(value),
    called_suffix: (value) => record.called_number.endsWith(value),
    calling_prefix: (value) => record.calling_number.startsWith(value),
    ingress_trunk: (value) => record.ingress_trunk === value,
    egress_trunk: (value) => last?.egress_trunk === value,
    gateway: (value) => last?.gateway.startsWith(value) ?? false,
    answered: (value) => String(record.answered_at !== null) === value,
    released_by: (value) => record.released_by === value,
    sip_status: (value) => record.sip_status === Number(value),
    min_duration_ms: (value) => record.duration_ms >= Number(value),
    max_duration_ms: (value) => record.duration_ms <= Number(value),
  }
  return [...query].every(([name, value]) => facts[name]?.(value) ?? true)
}

/** A gateway that so few calls came to that the search for them stops before the end. */
const RARE_GATEWAY = '192.0.2.99'

/** Days whose records are not kept any more. */
const DROPPED = { days: 59, from: '2026-01-01T00:00:00Z', to: '2026-03-01T00:00:00Z' }

export function cdrPage(items: readonly CdrSummary[], query: URLSearchParams): CdrPage {
  const isRare = query.get('gateway') === RARE_GATEWAY
  const searched_until = isRare ? '2026-03-01T12:00:00Z' : null
  const from = query.get('from')
  const dropped = from !== null && from < DROPPED.to ? DROPPED : null
  return { ...page(items, query), searched_until, filling: null, dropped }
}

/** The cursor is the id of the last row before the page. */
export function page<T extends { id: string }>(items: readonly T[], query: URLSearchParams) {
  const limit = Number(query.get('limit') ?? 50)
  const start = items.findIndex(({ id }) => id === query.get('cursor')) + 1
  const shown = items.slice(start, start + limit)
  const hasMore = start + limit < items.length
  return { items: shown, next_cursor: hasMore ? (shown.at(-1)?.id ?? null) : null }
}
