import type {
  CallExplanation,
  CarrierNumbers,
  Cdr,
  Explanation,
  ExplainRoute,
  ExplainStep,
} from '~/api/__generated__/schema'

import { Refusal } from './refusal.ts'
import { FAILING_PREFIX, UNROUTABLE_PREFIX } from './sentinels.ts'
import { CARRIERS, CURRENCY, CUSTOMERS, destinationOf, micros, SNAPSHOT_NUMBER } from './world.ts'

/** Aurora presents a number of a pool; the others send what they get. */
export function sentBy(carrier: string, called: string, calling: string): CarrierNumbers {
  const pooled = '442079460002'
  if (carrier !== 'aurora') {
    return { called, calling, asserted: null, is_anonymous: false, steps: [] }
  }
  const detail =
    `rule 2 of CLI rules "uk-pool" presents ${pooled} in place of ${calling}: ` +
    'of the 3 numbers of its pool the one whose turn it is'
  const steps: ExplainStep[] = [{ step: 'cli_rules', outcome: 'passed', detail }]
  return { called, calling: pooled, asserted: null, is_anonymous: false, steps }
}

/** A call of the records, as the switch would explain it. */
export function callExplained(cdr: Cdr): CallExplanation {
  const query = new URLSearchParams({ to: cdr.called_number, from: cdr.calling_number })
  if (cdr.customer) query.set('customer', cdr.customer)
  return {
    decided_by_snapshot: SNAPSHOT_NUMBER,
    basis: 'recorded',
    is_exact: true,
    note: null,
    explanation: explained(query),
    attempts: cdr.attempt_records.map((attempt) => {
      const { called, calling, steps } = sentBy(
        attempt.carrier,
        cdr.called_number,
        cdr.calling_number,
      )
      const { number, carrier, egress_trunk: trunk } = attempt
      return { number, carrier, trunk, called, calling: calling ?? '', is_same: true, steps }
    }),
    carrier: null,
  }
}

interface Question {
  from: string
  to: string
  customer: string | null
  source: string | null
}

/** What the API answers. */
export function explained(query: URLSearchParams) {
  const to = query.get('to') ?? ''
  if (to.startsWith(FAILING_PREFIX)) throw new Refusal(500, 'internal', 'The switch failed.')
  const target = to.startsWith(UNROUTABLE_PREFIX) ? '0' : to
  const from = query.get('from') ?? ''
  return explain({ from, to: target, customer: query.get('customer'), source: query.get('source') })
}

/** The decision as the switch would tell it. */
function explain({ from, to, customer, source }: Question): Explanation {
  const called = to.replace(/^\+/, '')
  const caller = CUSTOMERS.find((each) => each.name === customer || each.source === source)
  const base: Explanation = {
    accepted: false,
    reason: null,
    snapshot_number: SNAPSHOT_NUMBER,
    customer: caller?.name ?? null,
    ingress_trunk: caller?.trunk ?? null,
    lcr_profile: null,
    called_number: null,
    tags: [],
    customer_rate: null,
    steps: [],
    routes: [],
  }
  const step = (name: string, detail: string, outcome: 'passed' | 'rejected' = 'passed') => {
    base.steps.push({ step: name, outcome, detail })
  }

  const asked = source ? `address ${source}` : `customer "${customer ?? ''}"`
  if (!caller) {
    step('identify', `no active ingress trunk has ${asked}`, 'rejected')
    return { ...base, reason: 'unknown_source' }
  }
  step('identify', `${asked} is trunk "${caller.trunk}" of customer "${caller.name}"`)
  step('number', `${to} is ${called}`)
  step('admit', 'the limits of customer and ingress trunk allow the call')
  const destination = destinationOf(called)
  if (!destination) {
    step('customer_rate', "no prefix of the customer's card begins this number", 'rejected')
    return { ...base, called_number: called, reason: 'no_customer_rate' }
  }
  step(
    'customer_rate',
    `${destination.prefix} ${destination.name} at ${micros(destination.price)} a minute by card "retail-usd"`,
  )

  const all = CARRIERS.map((carrier): ExplainRoute & { order: number } => {
    const cost = destination.cost[carrier.name]
    const isLost = carrier.name === 'cirrus' || cost === undefined
    return {
      rank: null,
      carrier: carrier.name,
      trunk: carrier.trunk,
      gateway: carrier.gateway,
      route: null,
      rank_key: isLost
        ? null
        : {
            tier: 'other',
            is_put_first: false,
            is_throttled: false,
            is_below_floor: false,
            order: 0,
          },
      quality: null,
      prefix: cost === undefined ? null : destination.prefix,
      origin: null,
      destination: cost === undefined ? null : destination.name,
      cost_per_minute: cost === undefined ? null : micros(cost),
      margin_per_minute: cost === undefined ? null : micros(destination.price - cost),
      currency: cost === undefined ? null : CURRENCY,
      card_currency: cost === undefined ? null : CURRENCY,
      exchange_rate: cost === undefined ? null : '1',
      status: isLost ? 'lost' : 'available',
      reason: isLost ? (cost === undefined ? 'no_rate' : 'trunk_inactive') : null,
      detail: isLost
        ? cost === undefined
          ? 'its card has no rate for this number'
          : 'the trunk is not active'
        : null,
      numbers: isLost ? null : sentBy(carrier.name, called, from),
      order: isLost ? Infinity : cost,
    }
  }).toSorted((a, b) => a.order - b.order)
  const routes = all.map(({ order, ...route }, index): ExplainRoute => {
    if (order === Infinity) return route
    return { ...route, rank: index + 1, status: index === 0 ? 'chosen' : 'available' }
  })
  const toTry = routes.filter(({ rank }) => rank !== null).length
  step(
    'routes',
    `routes to try: ${toTry}; dropped because they cost more than the customer pays: 0`,
  )
  return {
    ...base,
    accepted: true,
    called_number: called,
    customer_rate: {
      rate_card: 'retail-usd',
      prefix: destination.prefix,
      origin: null,
      destination: destination.name,
      currency: CURRENCY,
      exchange_rate: '1',
      initial_rate_per_minute: micros(destination.price),
      next_rate_per_minute: micros(destination.price),
      initial_interval_s: 1,
      next_interval_s: 1,
      connection_fee: '0.000000',
      attempt_fee: '0.000000',
      grace_period_s: 0,
    },
    routes,
  }
}
