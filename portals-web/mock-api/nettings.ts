import type { NettingPage, NettingPay, NettingStatement } from '~/api/__generated__/schema'

import { type Answer, type Call, iso } from './call.ts'
import { Refusal } from './refusal.ts'

const DAY_MS = 86_400_000

/** The nettings of one user's world: a period under way, a draft, and one that is paid. */
export class Nettings {
  readonly #all: NettingStatement[]

  constructor(nowMs: number) {
    const begin = (Math.floor(nowMs / DAY_MS) - 3) * DAY_MS
    const week = (number: number, state: NettingStatement['state']): NettingStatement => {
      const to = begin - (1 - number) * 7 * DAY_MS
      return statement(number + 2, to - 7 * DAY_MS, to, state)
    }
    this.#all = [week(-1, 'paid'), week(0, 'draft'), week(1, 'open')]
  }

  /** Answers what is about nettings; null for any other path. */
  async answer(call: Call, canWrite: boolean): Promise<Answer | null> {
    const [first, id, action] = call.path
    if (first !== 'nettings') return null
    if (call.method !== 'GET' && !canWrite) {
      throw new Refusal(403, 'forbidden', 'This needs `ledger.write`.')
    }
    if (id === undefined) {
      const page: NettingPage = { items: this.#all.toReversed(), next_cursor: null }
      return { status: 200, body: page }
    }
    const found = this.#all.find((each) => String(each.id) === id)
    if (!found) throw new Refusal(404, 'not-found', `There is no netting ${id}.`)
    if (action === 'confirm') {
      if (found.state !== 'draft') {
        throw new Refusal(409, 'conflict', `netting ${id} is ${found.state}.`)
      }
      Object.assign(found, {
        state: 'confirmed',
        confirmed_at: iso(Date.now()),
        confirmed_by: 'demo',
      })
    }
    if (action === 'pay') {
      await call.json<NettingPay>()
      if (found.state !== 'confirmed') {
        throw new Refusal(409, 'conflict', `netting ${id} is ${found.state}.`)
      }
      Object.assign(found, {
        state: 'paid',
        paid_at: iso(Date.now()),
        paid_by: 'demo',
        payment_entry: 71,
      })
    }
    return { status: 200, body: found }
  }
}

function statement(
  id: number,
  fromMs: number,
  toMs: number,
  state: NettingStatement['state'],
): NettingStatement {
  const isOpen = state === 'open'
  const isPaid = state === 'paid'
  return {
    id,
    customer: 'Cairo Connect',
    carrier: 'Aurora Telecom',
    state,
    terms: '7/3',
    time_zone: 'Europe/Vienna',
    from: iso(fromMs),
    to: iso(toMs),
    due_from: iso(toMs + 2 * DAY_MS),
    overdue_from: iso(toMs + 3 * DAY_MS),
    currency: 'USD',
    they_owe: isOpen ? null : '1204.5512',
    we_owe: isOpen ? null : '811.25',
    difference: isOpen ? null : '393.3012',
    payer: isOpen ? null : 'customer',
    is_overdue: false,
    lines: isOpen
      ? []
      : [
          {
            side: 'customer',
            amount: '1204.5512',
            currency: 'USD',
            exchange_rate: '1',
            converted: '1204.5512',
          },
          {
            side: 'carrier',
            amount: '748.2475',
            currency: 'EUR',
            exchange_rate: '1.0842',
            converted: '811.25',
          },
        ],
    failure: null,
    drafted_at: isOpen ? null : iso(toMs + 600_000),
    confirmed_at: isPaid ? iso(toMs + DAY_MS) : null,
    confirmed_by: isPaid ? 'demo' : null,
    paid_at: isPaid ? iso(toMs + 2 * DAY_MS) : null,
    paid_by: isPaid ? 'demo' : null,
    payment_entry: isPaid ? 61 : null,
  }
}
