import type { NotificationDelivery, NotificationState } from '~/api/__generated__/schema'

import { type Answer, type Call, iso, pageOf } from './call.ts'
import { eventKind } from './events.ts'
import { FAILED_DELIVERY_JOB, DEAD_DELIVERY_JOB, type Jobs } from './jobs.ts'
import { Refusal } from './refusal.ts'
import type { ResourceStore } from './resource-store.ts'
import { BROKEN_TARGET } from './sentinels.ts'

const MINUTE_MS = 60_000
const COUNT = 60
const REFUSED = 'The receiver answered 500.'

/** What the notification targets of one user's world were told. */
export class Notifications {
  readonly #deliveries: NotificationDelivery[]
  readonly #store: ResourceStore
  readonly #jobs: Jobs

  constructor(store: ResourceStore, jobs: Jobs, nowMs: number, isNew: boolean) {
    this.#store = store
    this.#jobs = jobs
    const ids = Array.from({ length: isNew ? 0 : COUNT }, (_, at) => COUNT - at)
    this.#deliveries = ids.map((id) => delivery(id, nowMs))
  }

  /** Answers what is about notifications; null for any other path. */
  answer({ method, path, query }: Call): Answer | null {
    if (path[0] === 'notification-deliveries') return { status: 200, body: this.#page(query) }
    if (path[0] !== 'notification-targets' || path[2] !== 'test') return null
    if (method !== 'POST') throw new Refusal(404, 'not-found', 'There is no such page.')
    return { status: 200, body: this.#test(path[1] ?? '') }
  }

  #page(query: URLSearchParams) {
    this.#sendAgain()
    const wanted = (name: string, value: string) => (query.get(name) ?? value) === value
    const matching = this.#deliveries.filter(
      ({ target, state, event }) =>
        wanted('target', target) && wanted('state', state) && wanted('event', event),
    )
    return pageOf(matching, query)
  }

  #test(id: string): NotificationDelivery {
    const { name } = this.#store.find('notification_target', id)
    const isBroken = name === BROKEN_TARGET
    const now = iso(Date.now())
    const told: NotificationDelivery = {
      ...delivery(this.#deliveries.length + 1, Date.now()),
      target: name,
      event: 'notification.test',
      event_id: null,
      job_id: null,
      state: isBroken ? 'dead' : 'delivered',
      attempts: 1,
      status: isBroken ? 500 : 204,
      duration_ms: 31,
      error: isBroken ? REFUSED : null,
      created_at: now,
      updated_at: now,
    }
    this.#deliveries.unshift(told)
    return told
  }

  /** The receivers are well again: what is retried arrives. */
  #sendAgain(): void {
    for (const each of this.#deliveries) {
      if (each.job_id === null || each.state === 'delivered') continue
      if (!this.#jobs.finishIfDue(String(each.job_id))) continue
      const now = iso(Date.now())
      const attempts = each.attempts + 1
      Object.assign(each, {
        state: 'delivered',
        attempts,
        status: 204,
        error: null,
        updated_at: now,
      } satisfies Partial<NotificationDelivery>)
    }
  }
}

function delivery(id: number, nowMs: number): NotificationDelivery {
  const at = nowMs - (COUNT - id) * MINUTE_MS
  const state = stateOf(id)
  const isMail = id % 4 === 0
  const isWrong = state === 'dead' || state === 'failed'
  const wasTried = isWrong || (state === 'delivered' && !isMail)
  const jobs: Partial<Record<NotificationState, number>> = {
    dead: DEAD_DELIVERY_JOB,
    failed: FAILED_DELIVERY_JOB,
  }
  return {
    id,
    target: isMail ? 'noc-mail' : 'noc-hook',
    channel: isMail ? 'email' : 'webhook',
    message_id: `msg_${String(id).padStart(24, '0')}`,
    event: eventKind(id),
    event_id: id,
    state,
    attempts: state === 'dead' ? 8 : state === 'failed' ? 2 : wasTried ? 1 : 0,
    job_id: isMail ? null : (jobs[state] ?? id),
    status: isWrong ? 500 : wasTried ? 204 : null,
    duration_ms: wasTried ? 20 + (id % 7) * 13 : null,
    error: isWrong ? REFUSED : null,
    created_at: iso(at),
    updated_at: iso(at + 900),
  }
}

function stateOf(id: number): NotificationState {
  const known: Record<number, NotificationState> = {
    [COUNT - 1]: 'failed',
    [COUNT - 5]: 'dead',
    [COUNT - 7]: 'suppressed',
  }
  return known[id] ?? 'delivered'
}
