import type { Figures, ReportLine, TrafficReport } from '~/api/__generated__/schema'

import type { Answer, Call } from './call.ts'
import { Random } from './random.ts'
import { Refusal } from './refusal.ts'
import type { ResourceStore } from './resource-store.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const DESTINATIONS = ['Egypt Mobile', 'France Paris', 'Germany Mobile', 'India', 'Nigeria Lagos']

type Group = 'hour' | 'day' | 'week' | 'month'

/** Answers what is asked of reports; null for any other path. */
export function answerReport(call: Call, isEmpty: boolean, store: ResourceStore): Answer | null {
  if (call.path.join('/') !== 'reports/traffic') return null
  return { status: 200, body: trafficReport(call.query, isEmpty, store) }
}

/** A report of made-up sums: the same question gives the same figures. */
function trafficReport(
  query: URLSearchParams,
  isEmpty: boolean,
  store: ResourceStore,
): TrafficReport {
  const group = query.get('group_by') ?? 'day'
  const [customer, carrier] = [query.get('customer'), query.get('carrier')]
  if (customer) store.find('customer', customer)
  if (carrier) store.find('carrier', carrier)
  const isOfAttempts =
    query.get('of') === 'attempts' ||
    carrier !== null ||
    group === 'carrier' ||
    group === 'egress_trunk'
  if (isOfAttempts && group === 'ingress_trunk') {
    throw new Refusal(422, 'invalid', '`of`: attempts have no ingress trunk')
  }
  const from = Date.parse(`${query.get('from')}T00:00:00Z`)
  const to = Date.parse(`${query.get('to')}T00:00:00Z`) + DAY_MS
  const share = (customer ? 0.2 : 1) * (carrier ? 0.4 : 1) * (isOfAttempts ? 1.3 : 1)
  const compares = query.get('compare') === 'previous'
  const line = (start: number | null, id: number | null, name: string | null, size: number) => {
    const seed = Math.floor((start ?? from) / HOUR_MS) + (name ?? '').length * 7_919 + (id ?? 0)
    return {
      start: start === null ? null : new Date(start).toISOString(),
      id,
      name,
      ...figures(seed, isEmpty ? 0 : size * share),
      previous: compares ? figures(seed + 1, isEmpty ? 0 : size * share * 0.9) : null,
    }
  }
  const days = (to - from) / DAY_MS
  const lines: ReportLine[] = starts(group, from, to).map(([start, hours]) =>
    line(start, null, null, hours * 400 * (0.6 + 0.4 * Math.sin(start / (4 * HOUR_MS)))),
  )
  if (lines.length === 0) {
    const parts = names(group, store)
    parts.forEach(([id, name], at) =>
      lines.push(line(null, id, name, (days * 9_600) / (at + 1) / 2)),
    )
  }
  const items = isEmpty && lines[0]?.start === null ? [] : lines
  const first = Number(query.get('cursor') ?? 0)
  const behind = first + Number(query.get('limit') ?? 100)
  return {
    of: isOfAttempts ? 'attempts' : 'calls',
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    previous_from: compares ? new Date(2 * from - to).toISOString() : null,
    time_zone: query.get('time_zone') ?? 'UTC',
    currency: 'USD',
    totals: sum(items),
    previous_totals: compares ? sum(items.flatMap(({ previous }) => previous ?? [])) : null,
    items: items.slice(first, behind),
    next_cursor: behind < items.length ? String(behind) : null,
    filling: null,
  }
}

/** First moments of the lines over time, and how many hours each has. */
function starts(group: string, from: number, to: number): [number, number][] {
  const steps: Record<Group, number> = { hour: 1, day: 24, week: 168, month: 720 }
  const hours = steps[group as Group] as number | undefined
  if (hours === undefined) return []
  const count = Math.ceil((to - from) / (hours * HOUR_MS))
  return Array.from({ length: count }, (_, at) => [from + at * hours * HOUR_MS, hours])
}

function names(group: string, store: ResourceStore): [number | null, string | null][] {
  if (group === 'destination') return DESTINATIONS.map((name) => [null, name])
  const kind = group === 'customer' || group === 'carrier' ? group : 'trunk'
  const known = store.all(kind).map(({ id, name }): [number, string] => [id, name])
  return group === 'customer' ? [...known, [null, null]] : known
}

function figures(seed: number, size: number): Figures {
  const random = new Random(seed)
  const seizures = Math.round(size * random.between(0.8, 1.2))
  const answered = Math.round(seizures * random.between(0.4, 0.7))
  const effective = Math.round(answered + (seizures - answered) * 0.6)
  const charge = answered * 34_000_000
  return withRatios({
    seizures,
    answered,
    effective,
    rejected: Math.round((seizures - answered) * 0.05),
    rang: effective,
    pdd_ms: effective * 2_150,
    talk_ms: answered * 143_000,
    billed_seconds: answered * 146,
    charge,
    cost: charge * random.between(0.75, 0.95),
  })
}

function sum(lines: readonly Figures[]): Figures {
  const of = (field: (line: Figures) => number) => lines.reduce((all, line) => all + field(line), 0)
  return withRatios({
    seizures: of(({ seizures }) => seizures),
    answered: of(({ answered }) => answered),
    effective: of(({ effective }) => effective),
    rejected: of(({ rejected }) => rejected),
    rang: of(({ rang }) => rang),
    pdd_ms: of(({ pdd_ms, rang }) => (pdd_ms ?? 0) * rang),
    talk_ms: of(({ talk_ms }) => talk_ms),
    billed_seconds: of(({ billed_seconds }) => billed_seconds),
    charge: of(({ charge }) => Number(charge) * 1e9),
    cost: of(({ cost }) => Number(cost) * 1e9),
  })
}

type Sums = Record<
  | 'seizures'
  | 'answered'
  | 'effective'
  | 'rejected'
  | 'rang'
  | 'pdd_ms'
  | 'talk_ms'
  | 'billed_seconds'
  | 'charge'
  | 'cost',
  number
>

function withRatios({ charge, cost, ...sums }: Sums): Figures {
  const share = (part: number) =>
    sums.seizures > 0 ? Math.round((part * 10_000) / sums.seizures) / 100 : null
  const money = (nanos: number) => (Math.round(nanos) / 1e9).toFixed(4)
  return {
    ...sums,
    asr_percent: share(sums.answered),
    ner_percent: share(sums.effective),
    acd_ms: sums.answered > 0 ? Math.floor(sums.talk_ms / sums.answered) : null,
    pdd_ms: sums.rang > 0 ? Math.floor(sums.pdd_ms / sums.rang) : null,
    charge: money(charge),
    cost: money(cost),
    margin: money(charge - cost),
    amounts: [{ currency: 'USD', amount: money(charge) }],
  }
}
