import type { Rerating, ReratingCreate, ReratingPage } from '~/api/__generated__/schema'

import { type Answer, type Call, iso } from './call.ts'
import { Refusal } from './refusal.ts'

/** The re-ratings of one user's world: a preview is ready at once, and posting takes no time. */
export class Reratings {
  readonly #all: Rerating[] = []

  /** Answers what is about re-ratings; null for any other path. */
  async answer(call: Call, canWrite: boolean): Promise<Answer | null> {
    const [first, id, action] = call.path
    if (first !== 'reratings') return null
    if (call.method !== 'GET' && !canWrite) {
      throw new Refusal(403, 'forbidden', 'This needs `ledger.write`.')
    }
    if (id === undefined) {
      if (call.method === 'POST') {
        return { status: 202, body: this.#ask(await call.json<ReratingCreate>()) }
      }
      const page: ReratingPage = { items: this.#all.toReversed(), next_cursor: null }
      return { status: 200, body: page }
    }
    const at = this.#all.findIndex((each) => String(each.id) === id)
    const found = this.#all[at]
    if (!found) throw new Refusal(404, 'not-found', `There is no re-rating ${id}.`)
    if (call.method === 'DELETE') {
      this.#all.splice(at, 1)
      return { status: 204 }
    }
    if (action === 'apply') {
      if (found.state !== 'ready') throw new Refusal(409, 'conflict', 'It was applied.')
      const applied: Rerating = {
        ...found,
        state: 'applied',
        applied_by: call.user,
        applied_at: iso(Date.now()),
      }
      this.#all[at] = applied
      return { status: 202, body: applied }
    }
    return { status: 200, body: found }
  }

  #ask(body: ReratingCreate): Rerating {
    const now = iso(Date.now())
    const made: Rerating = {
      id: (this.#all.at(-1)?.id ?? 0) + 1,
      state: 'ready',
      author: 'admin',
      reason: body.reason ?? null,
      side: body.side,
      party: body.customer ?? body.carrier ?? null,
      from: body.from,
      to: body.to,
      rated_by: body.rated_by ?? null,
      destination: body.destination ?? null,
      called_prefix: body.called_prefix ?? null,
      rate_card: body.rate_card ?? null,
      snapshot: body.snapshot ?? null,
      change_set: body.change_set ?? null,
      progress: null,
      job_id: null,
      outcome: {
        calls: 1_204,
        rated: 1_200,
        changed: 840,
        unrated: 4,
        was_in_books: '312.4402',
        now_in_books: '298.112',
        difference_in_books: '-14.3282',
        parties: [
          {
            id: 1,
            name: body.customer ?? body.carrier ?? 'Cairo Connect',
            currency: 'USD',
            rated: 1_200,
            changed: 840,
            unrated: 4,
            was: '312.4402',
            now: '298.112',
            difference: '-14.3282',
            difference_in_books: '-14.3282',
          },
        ],
        reasons: [{ reason: 'no_rate', count: 4, calls: ['019d0c3a4f6200000000000000000007'] }],
        rate_cards: [1],
      },
      failure: null,
      applied_by: null,
      applied_at: null,
      created_at: now,
      updated_at: now,
    }
    this.#all.push(made)
    return made
  }
}
