import type {
  Call,
  Cdr,
  CdrAttempt,
  CdrMediaQuality,
  CdrRate,
  CdrSummary,
  LivePoint,
  Outcome,
} from '~/api/__generated__/schema'

import { Random } from './random.ts'
import {
  type CarrierName,
  CARRIERS,
  CURRENCY,
  CUSTOMERS,
  type Destination,
  DESTINATIONS,
  micros,
  NODE,
  SNAPSHOT_NUMBER,
} from './world.ts'

const NEW_CALLS_PER_SECOND = 2
const HISTORY_SECONDS = 1_800
const POINTS_KEPT = 600
const RECORDS_KEPT = 6_000

/** A call is thought out when it comes in; time only reveals it. */
interface PlannedCall {
  record: Cdr
  receivedMs: number
  ringingMs: number | null
  answeredMs: number | null
  endedMs: number
}

/** Calls that come, ring, are answered and end, by one seed and the clock of the caller. */
export class Simulator {
  readonly startedMs: number
  readonly #random: Random
  #secondMs: number
  #live: PlannedCall[] = []
  /** Newest first. */
  #records: Cdr[] = []
  #points: LivePoint[] = []

  constructor(seed: number, nowMs: number) {
    this.#random = new Random(seed)
    this.startedMs = nowMs
    this.#secondMs = Math.floor(nowMs / 1000) * 1000 - HISTORY_SECONDS * 1000
    this.advance(nowMs)
  }

  get points(): readonly LivePoint[] {
    return this.#points
  }

  /** The newest received first. */
  get records(): readonly Cdr[] {
    return this.#records
  }

  /** Newest first. */
  calls(nowMs: number): Call[] {
    return this.#live.map((call) => asLiveCall(call, nowMs)).toReversed()
  }

  /** Lives through every whole second up to now. */
  advance(nowMs: number): void {
    while (this.#secondMs + 1000 <= nowMs) {
      this.#secondMs += 1000
      this.#liveThrough(this.#secondMs)
    }
  }

  #liveThrough(endOfSecondMs: number): void {
    const count = this.#arrivals(endOfSecondMs)
    const arrived = Array.from({ length: count }, () =>
      this.#plan(endOfSecondMs - Math.floor(this.#random.between(1, 1000))),
    ).toSorted((a, b) => a.receivedMs - b.receivedMs)
    this.#live.push(...arrived)
    const ended = this.#live.filter(({ endedMs }) => endedMs <= endOfSecondMs)
    this.#live = this.#live.filter(({ endedMs }) => endedMs > endOfSecondMs)
    this.#records.unshift(...ended.map(({ record }) => record))
    this.#records.sort((a, b) => b.received_at.localeCompare(a.received_at))
    this.#records.splice(RECORDS_KEPT)
    this.#points.push(this.#point(endOfSecondMs, arrived.length))
    this.#points.splice(0, this.#points.length - POINTS_KEPT)
  }

  /** A slow wave over ten minutes with noise on it. */
  #arrivals(atMs: number): number {
    const wave = 1 + 0.45 * Math.sin((atMs / 600_000) * 2 * Math.PI)
    const expected = NEW_CALLS_PER_SECOND * wave
    return Math.max(0, Math.round(expected + this.#random.between(-1.6, 1.6)))
  }

  #point(atMs: number, cps: number): LivePoint {
    const since = (seconds: number) =>
      this.#records.filter(({ ended_at }) => Date.parse(ended_at) > atMs - seconds * 1000)
    const minute = since(60)
    const second = minute.filter(({ ended_at }) => Date.parse(ended_at) > atMs - 1000)
    const answered = minute.filter(({ outcome }) => outcome === 'answered').length
    const sum = (of: 'charge' | 'cost') =>
      minute.reduce((total, record) => total + Math.round(Number(record[of]) * 1e6), 0)
    return {
      at: new Date(atMs).toISOString(),
      calls_now: this.#live.length,
      cps,
      attempts: cps,
      answered: second.filter(({ outcome }) => outcome === 'answered').length,
      failed: second.filter(({ outcome }) => outcome !== 'answered').length,
      asr_percent: minute.length > 0 ? Math.round((answered / minute.length) * 1000) / 10 : null,
      revenue: micros(sum('charge')),
      cost: micros(sum('cost')),
      margin: micros(sum('charge') - sum('cost')),
      currency: CURRENCY,
    }
  }

  #plan(receivedMs: number): PlannedCall {
    const random = this.#random
    const destination = random.pick(DESTINATIONS)
    const customer = random.pick(CUSTOMERS)
    const called = destination.prefix + random.digits(12 - destination.prefix.length)
    const fate = random.next()
    if (fate < 0.05) return this.#rejected(receivedMs, customer, called, destination)

    const order = CARRIERS.filter(({ name }) => name !== 'cirrus').toSorted(
      (a, b) => (destination.cost[a.name] ?? 0) - (destination.cost[b.name] ?? 0),
    )
    const failsOver = fate < 0.2
    const outcome: Outcome = fate > 0.9 ? 'cancelled' : fate > 0.78 ? 'failed' : 'answered'
    let at = receivedMs + Math.floor(random.between(1, 4))
    const attempts: CdrAttempt[] = []
    if (failsOver && order[0]) {
      const refused = this.#attempt(1, order[0].name, called, destination, at)
      const replyMs = Math.floor(random.between(30, 400))
      attempts.push({
        ...refused,
        first_reply_at: iso(at + 8),
        ended_at: iso(at + replyMs),
        outcome: 'failed',
        sip_status: 503,
        q850_cause: 34,
        release_reason: 'carrier_rejected',
        released_by: 'carrier',
      })
      at += replyMs + 1
    }
    const carrier = order[attempts.length] ?? order[0]
    if (!carrier) throw new Error('a destination without carriers')
    const ringingMs = at + Math.floor(random.between(250, 1_900))
    const settledMs = ringingMs + Math.floor(random.between(1_500, 9_000))
    const talkMs = outcome === 'answered' ? Math.floor(random.between(2_000, 28_000)) : 0
    const endedMs = settledMs + talkMs
    const answeredMs = outcome === 'answered' ? settledMs : null
    const ending = ENDINGS[outcome]
    const costSeconds = answeredMs === null ? 0 : Math.ceil(talkMs / 1000)
    const cost = Math.round(((destination.cost[carrier.name] ?? 0) * costSeconds) / 60)
    attempts.push({
      ...this.#attempt(attempts.length + 1, carrier.name, called, destination, at),
      first_reply_at: iso(at + 7),
      ringing_at: iso(ringingMs),
      answered_at: answeredMs === null ? null : iso(answeredMs),
      ended_at: iso(endedMs),
      outcome,
      pdd_ms: ringingMs - at,
      billed_seconds: costSeconds,
      cost: micros(cost),
      cost_in_books: micros(cost),
      ...ending,
    })
    const billed = Math.ceil(talkMs / 1000)
    const charge = Math.round((destination.price * billed) / 60)
    const record: Cdr = {
      ...this.#base(receivedMs, customer, called, destination),
      answered_at: answeredMs === null ? null : iso(answeredMs),
      ringing_at: iso(ringingMs + 2),
      ended_at: iso(endedMs),
      carrier: carrier.name,
      attempts: attempts.length,
      attempt_records: attempts,
      outcome,
      ...ending,
      duration_ms: talkMs,
      billed_seconds: billed,
      pdd_ms: ringingMs + 2 - receivedMs,
      charge: micros(charge),
      charge_by_rate: micros(charge),
      cost: micros(cost),
      margin: micros(charge - cost),
      media:
        answeredMs === null
          ? null
          : {
              packets_from_customer: Math.floor(talkMs / 20),
              bytes_from_customer: Math.floor(talkMs / 20) * 172,
              packets_from_carrier: Math.floor(talkMs / 20) - 3,
              bytes_from_carrier: (Math.floor(talkMs / 20) - 3) * 172,
              not_heard: null,
              quality_from_customer: mediaQuality(Math.floor(talkMs / 20), 0),
              quality_from_carrier: mediaQuality(Math.floor(talkMs / 20), 3),
            },
    }
    return { record, receivedMs, ringingMs, answeredMs, endedMs }
  }

  #rejected(
    receivedMs: number,
    customer: (typeof CUSTOMERS)[number],
    called: string,
    destination: Destination,
  ): PlannedCall {
    const isUnknown = this.#random.chance(0.3)
    const record: Cdr = {
      ...this.#base(receivedMs, customer, called, destination),
      ...(isUnknown
        ? {
            customer: null,
            ingress_trunk: null,
            rate: null,
            destination: null,
            sip_status: 403,
            q850_cause: 21,
            release_reason: 'unknown_source',
          }
        : { sip_status: 503, q850_cause: 34, release_reason: 'customer_channel_limit' }),
      released_by: 'switch',
    }
    return { record, receivedMs, ringingMs: null, answeredMs: null, endedMs: receivedMs + 1 }
  }

  /** A record of a call that came to nothing. */
  #base(
    receivedMs: number,
    customer: (typeof CUSTOMERS)[number],
    called: string,
    destination: Destination,
  ): Cdr {
    return {
      id: receivedMs.toString(16).padStart(12, '0') + this.#random.hex(20),
      node: NODE,
      shard: Math.floor(this.#random.between(0, 2)),
      snapshot_number: SNAPSHOT_NUMBER,
      archived: false,
      ingress_call_id: `${this.#random.hex(24)}@${customer.source}`,
      ingress_source: `${customer.source}:5060`,
      ingress_transport: 'udp',
      ingress_trunk: customer.trunk,
      user_agent: 'Asterisk PBX 20.9',
      customer: customer.name,
      carrier: null,
      calling_number: `4479${this.#random.digits(8)}`,
      called_number: called,
      called_number_received: `+${called}`,
      destination: destination.name,
      rate: rate('retail-usd', destination, destination.price, 1),
      received_at: iso(receivedMs),
      ringing_at: null,
      answered_at: null,
      ended_at: iso(receivedMs + 1),
      outcome: 'rejected',
      sip_status: 503,
      q850_cause: 34,
      release_reason: 'customer_channel_limit',
      released_by: 'switch',
      duration_ms: 0,
      billed_seconds: 0,
      pdd_ms: null,
      attempts: 0,
      attempt_records: [],
      charge: '0.000000',
      charge_by_rate: '0.000000',
      cost: '0.000000',
      margin: '0.000000',
      currency: CURRENCY,
      media: null,
    }
  }

  #attempt(
    number: number,
    name: CarrierName,
    called: string,
    destination: Destination,
    startedMs: number,
  ): CdrAttempt {
    const carrier = CARRIERS.find((each) => each.name === name)
    return {
      number,
      carrier: name,
      egress_trunk: carrier?.trunk ?? '',
      gateway: carrier?.gateway ?? '',
      transport: 'udp',
      egress_call_id: `${this.#random.hex(24)}@127.0.0.10`,
      called_number_sent: called,
      calling_number_sent: `4479${this.#random.digits(8)}`,
      rate: rate(`${name}-usd`, destination, destination.cost[name] ?? 0, 1),
      cost: '0.000000',
      cost_in_books: '0.000000',
      billed_seconds: 0,
      started_at: iso(startedMs),
      first_reply_at: null,
      ringing_at: null,
      answered_at: null,
      ended_at: iso(startedMs),
      pdd_ms: null,
      outcome: 'failed',
      sip_status: 0,
      q850_cause: 0,
      release_reason: 'carrier_silent',
      released_by: 'switch',
    }
  }
}

type Ending = Pick<Cdr, 'sip_status' | 'q850_cause' | 'release_reason' | 'released_by'>

const ENDINGS: Record<Outcome, Ending> = {
  answered: {
    sip_status: 200,
    q850_cause: 16,
    release_reason: 'normal_clearing',
    released_by: 'customer',
  },
  cancelled: {
    sip_status: 487,
    q850_cause: 16,
    release_reason: 'customer_cancelled',
    released_by: 'customer',
  },
  failed: {
    sip_status: 486,
    q850_cause: 17,
    release_reason: 'user_busy',
    released_by: 'carrier',
  },
  rejected: {
    sip_status: 503,
    q850_cause: 34,
    release_reason: 'customer_channel_limit',
    released_by: 'switch',
  },
  interrupted: {
    sip_status: 200,
    q850_cause: 41,
    release_reason: 'interrupted',
    released_by: 'switch',
  },
}

/** The part of a record that the list shows. */
export function summary(record: Cdr): CdrSummary {
  const {
    attempt_records: _attempts,
    called_number_received: _called,
    ingress_call_id: _callId,
    ingress_source: _source,
    ingress_transport: _transport,
    ingress_trunk: _trunk,
    media: _media,
    node: _node,
    q850_cause: _cause,
    rate: _rate,
    ringing_at: _ringing,
    shard: _shard,
    user_agent: _agent,
    ...rest
  } = record
  return rest
}

function asLiveCall(call: PlannedCall, nowMs: number): Call {
  const { record, ringingMs, answeredMs } = call
  const begun = record.attempt_records.filter(({ started_at }) => Date.parse(started_at) <= nowMs)
  const present = begun.at(-1)
  const isAnswered = answeredMs !== null && answeredMs <= nowMs
  const isRinging = ringingMs !== null && ringingMs <= nowMs
  return {
    id: record.id,
    state: isAnswered ? 'answered' : isRinging ? 'ringing' : 'trying',
    customer: record.customer,
    carrier: present?.carrier ?? null,
    calling_number: record.calling_number,
    called_number: record.called_number,
    destination: record.destination,
    received_at: record.received_at,
    answered_at: isAnswered ? record.answered_at : null,
    attempts: begun.length,
    ingress_source: record.ingress_source,
    egress_gateway: present?.gateway ?? null,
    ingress_encryption: null,
    egress_encryption: null,
  }
}

function rate(card: string, { prefix, name }: Destination, price: number, first: number): CdrRate {
  return {
    rate_card: card,
    prefix,
    origin: null,
    destination: name,
    currency: CURRENCY,
    exchange_rate: '1',
    initial_rate_per_minute: micros(price),
    next_rate_per_minute: micros(price),
    initial_interval_s: first,
    next_interval_s: 1,
    connection_fee: '0.000000',
    attempt_fee: '0.000000',
    grace_period_s: 0,
  }
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}

/** A stream of G.711 of which some packets did not arrive. */
function mediaQuality(sent: number, lost: number): CdrMediaQuality {
  return {
    codec: 'PCMA',
    packets_expected: sent,
    packets_lost: Math.min(lost, sent),
    worst_loss_percent: lost > 0 ? 1.2 : 0,
    packets_reordered: lost,
    packets_doubled: 0,
    jitter_mean_ms: 1.4,
    jitter_highest_ms: 6.2,
    longest_gap_ms: 41,
    mos: lost > 0 ? 4.29 : 4.36,
    round_trip_ms: lost > 0 ? 38.4 : null,
    far_end_packets_lost: lost > 0 ? 2 : null,
  }
}
