import type { Cdr, CdrTotals } from '~/api/__generated__/schema'

import type { Answer, Call } from './call.ts'
import { cdrPage, matches } from './pages.ts'
import { Refusal } from './refusal.ts'
import { FAILING_CUSTOMER, SLOW_CUSTOMER } from './sentinels.ts'
import { summary } from './simulator.ts'

const SLOW_MS = 2_000

/** Answers what is asked of the list of records; null for any other path. */
export async function answerCdrs(call: Call, records: readonly Cdr[]): Promise<Answer | null> {
  const path = call.path.join('/')
  if (path !== 'cdrs' && path !== 'cdr-totals') return null
  const customer = call.query.get('customer')
  if (customer === FAILING_CUSTOMER) {
    throw new Refusal(500, 'internal', 'The switch could not do this. Its log has the cause.')
  }
  if (customer === SLOW_CUSTOMER) await new Promise((done) => setTimeout(done, SLOW_MS))
  const prefix = call.query.get('called_prefix') ?? ''
  if (!/^\d*$/.test(prefix)) {
    throw new Refusal(400, 'bad-request', '`called_prefix`: digits only')
  }
  const found = records.filter(matches(call.query))
  if (path === 'cdr-totals') return { status: 200, body: totals(found, call.query) }
  return { status: 200, body: cdrPage(found.map(summary), call.query) }
}

function totals(records: readonly Cdr[], query: URLSearchParams): CdrTotals {
  const sum = (of: (record: Cdr) => number) => records.reduce((all, each) => all + of(each), 0)
  const money = (of: (record: Cdr) => string) => sum((record) => Number(of(record))).toFixed(6)
  const { searched_until } = cdrPage([], query)
  return {
    calls: records.length,
    answered: records.filter(({ answered_at }) => answered_at !== null).length,
    talk_ms: sum(({ duration_ms }) => duration_ms),
    billed_seconds: sum(({ billed_seconds }) => billed_seconds),
    charge: money(({ charge }) => charge),
    cost: money(({ cost }) => cost),
    margin: money(({ margin }) => margin),
    currency: 'USD',
    amounts: [{ currency: 'USD', amount: money(({ charge }) => charge) }],
    searched_until,
    filling: null,
  }
}
