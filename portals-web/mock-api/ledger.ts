import type {
  BalanceView,
  EntryView,
  MovementView,
  PaymentCreate,
  PostedEntry,
  StatementView,
} from '~/api/__generated__/schema'

import { type Answer, type Call, iso } from './call.ts'
import { exchangeAnswer, exchangeReport } from './exchange.ts'
import { Nettings } from './nettings.ts'
import { Refusal } from './refusal.ts'
import { Reratings } from './reratings.ts'
import type { ResourceStore } from './resource-store.ts'

const DAY_MS = 86_400_000
const DAYS = 31
const NANOS = 1_000_000_000n

/** Each user has books of its own, so that tests do not meet. */
export class Ledgers {
  readonly #of = new Map<string, Ledger>()

  /** Answers what is about the books; null for any other path. */
  answer(call: Call, store: ResourceStore, canWrite: boolean): Promise<Answer | null> {
    const found = this.#of.get(call.user) ?? new Ledger(Date.now())
    this.#of.set(call.user, found)
    return found.answer(call, store, canWrite)
  }
}

/** The books of one user's world: calls of each day, and what is posted by hand. */
class Ledger {
  readonly #nowMs: number
  readonly #reratings = new Reratings()
  readonly #nettings: Nettings
  readonly #posted: { party: string; nanos: bigint; entry: EntryView }[] = []

  constructor(nowMs: number) {
    this.#nowMs = nowMs
    this.#nettings = new Nettings(nowMs)
  }

  /** Answers what is about the books; null for any other path. */
  async answer(call: Call, store: ResourceStore, canWrite: boolean): Promise<Answer | null> {
    const [first, target, part] = call.path
    if (first === 'payments' && call.method === 'POST') {
      if (!canWrite) throw new Refusal(403, 'forbidden', 'This needs `ledger.write`.')
      return { status: 201, body: this.#pay(await call.json<PaymentCreate>()) }
    }
    if (first === 'exchange-sources') return exchangeAnswer(call, store)
    if (first === 'reports' && target === 'exchange') {
      return { status: 200, body: exchangeReport(call) }
    }
    if (first === 'nettings') return this.#nettings.answer(call, canWrite)
    if (first === 'reratings') return this.#reratings.answer(call, canWrite)
    if ((first !== 'customers' && first !== 'carriers') || target === undefined) return null
    if (part !== 'balance' && part !== 'statement') return null
    const kind = first === 'customers' ? 'customer' : 'carrier'
    const { id, name } = store.find(kind, target)
    const statement = this.#statement(kind, id, name)
    if (part === 'statement') return { status: 200, body: statement }
    return { status: 200, body: balanceOf(kind, name, statement) }
  }

  #pay(body: PaymentCreate): PostedEntry {
    const kind = body.customer ? 'customer' : 'carrier'
    const party = `${kind}/${body.customer ?? body.carrier}`
    const isRefund = body.direction === 'refund'
    const gains = (kind === 'customer') !== isRefund
    const [whole = '0', fraction = ''] = body.amount.split('.')
    const size = BigInt(whole) * NANOS + BigInt(fraction.padEnd(9, '0'))
    const nanos = gains ? size : -size
    const entry: EntryView = {
      id: this.#posted.length + 1,
      kind: isRefund ? 'refund' : 'payment',
      at: iso(Date.now()),
      party_kind: kind,
      party,
      amount: text(nanos),
      currency: body.currency,
      exchange_rate: '1',
      amount_in_books: text(nanos),
      call: null,
      attempt: null,
      corrects: null,
      details: { reference: body.reference ?? undefined, by: 'demo' },
    }
    this.#posted.push({ party, nanos, entry })
    const id = Number(body.customer ?? body.carrier)
    const { closing_balance } = this.#statement(kind, id, party)
    return {
      id: entry.id,
      kind: entry.kind,
      change: text(nanos),
      balance: closing_balance,
      currency: 'USD',
      exchange_rate: '1',
    }
  }

  #statement(kind: string, id: number, name: string): StatementView {
    const today = Math.floor(this.#nowMs / DAY_MS) * DAY_MS
    const from = today - (DAYS - 1) * DAY_MS
    const sign = kind === 'customer' ? -1n : 1n
    let balance = 0n
    const movements: MovementView[] = []
    const add = (at: number, what: string, count: number, nanos: bigint, entry?: EntryView) => {
      balance += nanos
      const amount = text(nanos)
      movements.push({
        kind: what,
        at: iso(at),
        count,
        amount,
        currency: 'USD',
        amount_in_books: amount,
        balance: text(balance),
        entry: entry ?? null,
      })
    }
    // A third of the parties has had no calls yet.
    const days = id % 3 === 0 ? 0 : 5
    for (let day = 0; day < days; day += 1) {
      const count = 40 + ((id * 7 + day * 13) % 60)
      add(today - (5 - day) * DAY_MS, 'calls', count, sign * BigInt(count) * 12_500_000n)
    }
    for (const { party, nanos, entry } of this.#posted) {
      if (party === `${kind}/${id}`) add(Date.parse(entry.at), entry.kind, 1, nanos, entry)
    }
    return {
      name,
      from: iso(from),
      to: iso(today + DAY_MS),
      currency: 'USD',
      opening_balance: '0',
      opening_by_currency: [],
      movements,
      closing_balance: text(balance),
    }
  }
}

function balanceOf(kind: string, name: string, statement: StatementView): BalanceView {
  const balance = statement.closing_balance
  return {
    kind,
    name,
    balance,
    currency: 'USD',
    by_currency: balance === '0' ? [] : [{ currency: 'USD', amount: balance, in_books: balance }],
    credit_limit: null,
  }
}

function text(nanos: bigint): string {
  const size = nanos < 0n ? -nanos : nanos
  const fraction = (size % NANOS).toString().padStart(9, '0').replace(/0+$/, '')
  return `${nanos < 0n ? '-' : ''}${size / NANOS}${fraction ? `.${fraction}` : ''}`
}
