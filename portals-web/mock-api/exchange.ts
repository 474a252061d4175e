import type {
  ConfirmExchangeRate,
  ExchangeQuote,
  ExchangeQuotes,
  ExchangeReport,
} from '~/api/__generated__/schema'

import { type Answer, type Call, iso } from './call.ts'
import { Refusal } from './refusal.ts'
import type { ResourceStore } from './resource-store.ts'

const HOUR_MS = 3_600_000

/** Currencies that somebody has confirmed, by user: tests do not meet. */
const confirmed = new Set<string>()

/** Answers what sources of exchange rates say; null for the sources themselves, which are resources. */
export async function exchangeAnswer(call: Call, store: ResourceStore): Promise<Answer | null> {
  const [, target, part] = call.path
  if (target === undefined || !['quotes', 'refresh', 'confirm'].includes(part ?? '')) return null
  const { name } = store.find('exchange_source', target)
  if (part === 'confirm') {
    const { currency, rate } = await call.json<ConfirmExchangeRate>()
    const waits = quotesOf(call.user).find((quote) => quote.currency === currency)
    if (waits?.state !== 'waits' || waits.rate !== rate) {
      throw new Refusal(409, 'conflict', `No rate of ${currency} waits.`)
    }
    confirmed.add(`${call.user}/${currency}`)
  }
  const now = Date.now()
  const body: ExchangeQuotes = {
    source: name,
    asked_at: iso(now),
    read_at: iso(now),
    published_at: iso(now - HOUR_MS),
    next_at: iso(now + HOUR_MS),
    is_stale: false,
    failure: null,
    quotes: quotesOf(call.user),
  }
  return { status: 200, body }
}

function quotesOf(user: string): ExchangeQuote[] {
  const quote = (currency: string, rate: string, more: Partial<ExchangeQuote>): ExchangeQuote => ({
    currency,
    state: 'in_force',
    rate,
    in_force: rate,
    next: null,
    next_from: null,
    shown: rate,
    move_bps: 0,
    reason: null,
    ...more,
  })
  const isConfirmed = confirmed.has(`${user}/GBP`)
  return [
    quote('EUR', '1.0842', { shown: '1.0571' }),
    quote('GBP', '1.4301', {
      state: isConfirmed ? 'in_force' : 'waits',
      in_force: '1.2652',
      next: isConfirmed ? '1.4301' : null,
      shown: '1.2335',
      move_bps: isConfirmed ? 0 : 1303,
    }),
    quote('CHF', '1.1302', {
      state: 'missing',
      rate: null,
      shown: '1.1019',
      move_bps: null,
      reason: 'the answer has no rate of it',
    }),
  ]
}

/** Two balances in euros at the end of a month. */
export function exchangeReport(call: Call): ExchangeReport {
  const month = call.query.get('month') ?? '2026-10'
  const dated = (amount: string, in_books: string) => ({ amount, in_books })
  const shared = { currency: 'EUR', rate: '1.0842' }
  return {
    month,
    from: `${month}-01T00:00:00.000000Z`,
    to: `${month}-28T00:00:00.000000Z`,
    is_over: true,
    lines: [
      {
        ...shared,
        kind: 'customer',
        id: 1,
        name: 'Cairo Connect',
        opening: dated('-800', '-880'),
        moved: dated('-200', '-220'),
        closing: dated('-1000', '-1100'),
        revalued: '-1084.2',
        difference: '-15.8',
      },
      {
        ...shared,
        kind: 'carrier',
        id: 2,
        name: 'Aurora Telecom',
        opening: dated('0', '0'),
        moved: dated('500', '550'),
        closing: dated('500', '550'),
        revalued: '542.1',
        difference: '7.9',
      },
    ],
    currencies: [
      { ...shared, closing: dated('-500', '-550'), revalued: '-542.1', difference: '-7.9' },
    ],
    difference: '-7.9',
  }
}
