import type { Resource } from '~/api/resources'
import type { JsonObject } from '~/util/json-path'

/** Micro-units of USD a minute: whole numbers, because money is never a float here either. */
export interface Destination {
  prefix: string
  name: string
  price: number
  /** By carrier. A missing one has no rate. */
  cost: { aurora?: number; borealis?: number; cirrus?: number }
}

export const DESTINATIONS: readonly Destination[] = [
  {
    prefix: '4477',
    name: 'United Kingdom Mobile',
    price: 21_500,
    cost: { aurora: 14_200, borealis: 15_900, cirrus: 13_100 },
  },
  {
    prefix: '4420',
    name: 'United Kingdom London',
    price: 9_200,
    cost: { aurora: 5_100, borealis: 4_800 },
  },
  {
    prefix: '2010',
    name: 'Egypt Mobile Vodafone',
    price: 142_000,
    cost: { aurora: 121_000, borealis: 117_500 },
  },
  {
    prefix: '2012',
    name: 'Egypt Mobile Orange',
    price: 139_000,
    cost: { aurora: 120_000, borealis: 122_800 },
  },
  {
    prefix: '4917',
    name: 'Germany Mobile',
    price: 32_400,
    cost: { aurora: 21_900, borealis: 24_100, cirrus: 22_000 },
  },
  {
    prefix: '4930',
    name: 'Germany Berlin',
    price: 11_000,
    cost: { borealis: 6_300, aurora: 6_900 },
  },
  {
    prefix: '336',
    name: 'France Mobile',
    price: 27_800,
    cost: { aurora: 19_000, borealis: 18_300 },
  },
  { prefix: '331', name: 'France Paris', price: 10_400, cost: { aurora: 6_100, borealis: 5_900 } },
  {
    prefix: '5511',
    name: 'Brazil São Paulo',
    price: 14_900,
    cost: { aurora: 8_800, borealis: 9_100 },
  },
  {
    prefix: '91',
    name: 'India',
    price: 19_600,
    cost: { aurora: 13_300, borealis: 12_700, cirrus: 12_900 },
  },
  {
    prefix: '1212',
    name: 'United States New York',
    price: 8_000,
    cost: { aurora: 3_900, borealis: 4_100 },
  },
  {
    prefix: '5255',
    name: 'Mexico Mexico City',
    price: 12_200,
    cost: { aurora: 7_700, borealis: 7_200 },
  },
  {
    prefix: '2348',
    name: 'Nigeria Mobile MTN',
    price: 96_000,
    cost: { aurora: 81_000, borealis: 84_500 },
  },
  {
    prefix: '6281',
    name: 'Indonesia Mobile Telkomsel',
    price: 48_000,
    cost: { aurora: 39_500, borealis: 37_900 },
  },
]

export type CarrierName = keyof Destination['cost']

export const CARRIERS: readonly { name: CarrierName; trunk: string; gateway: string }[] = [
  { name: 'aurora', trunk: 'aurora-fra', gateway: '127.0.0.21:5060' },
  { name: 'borealis', trunk: 'borealis-ams', gateway: '127.0.0.22:5060' },
  { name: 'cirrus', trunk: 'cirrus-lon', gateway: '127.0.0.23:5060' },
]

export const CUSTOMERS = [
  { name: 'Nordwind Telecom', trunk: 'nordwind-1', source: '192.0.2.10' },
  { name: 'Cairo Connect', trunk: 'cairo-1', source: '198.51.100.7' },
  { name: 'Pampas Voice', trunk: 'pampas-1', source: '203.0.113.44' },
] as const

export const SNAPSHOT_NUMBER = 17
export const CURRENCY = 'USD'
export const NODE = 'fra1'

const PREMIUM_FOR = { all: false, categories: ['wholesale'] }

/** More than a page of them. */
const MANY_LISTS = Array.from({ length: 60 }, (_, at) => `blocked-${String(at).padStart(2, '0')}`)

/** The destination of a number: the longest prefix wins. */
export function destinationOf(called: string): Destination | undefined {
  return DESTINATIONS.filter(({ prefix }) => called.startsWith(prefix)).toSorted(
    (a, b) => b.prefix.length - a.prefix.length,
  )[0]
}

/** Micro-units as a decimal string. */
export function micros(amount: number): string {
  const sign = amount < 0 ? '-' : ''
  const digits = String(Math.abs(Math.round(amount))).padStart(7, '0')
  return `${sign}${digits.slice(0, -6)}.${digits.slice(-6)}`
}

export function resources(startedAt: number): Omit<Resource, 'updated_by'>[] {
  const at = new Date(startedAt - 86_400_000).toISOString()
  let id = 0
  const make = (kind: string, name: string, version: number, spec: JsonObject) => {
    id += 1
    const assign = kind === 'voice_tier' && name === 'premium' ? PREMIUM_FOR : { all: true }
    const times = { created_at: at, updated_at: at }
    return { kind, name, id, external_id: null, version, assign, spec, ...times }
  }
  return [
    ...CUSTOMERS.map(({ name }, index) =>
      make('customer', name, 1 + index, {
        status: 'active',
        rate_card: 'retail-usd',
        cps_limit: 20,
        ...(index === 0 ? {} : { channel_limit: 120 }),
        ...(index === 1 ? { category: 'wholesale' } : {}),
      }),
    ),
    ...CARRIERS.map(({ name }) =>
      make('carrier', name, 2, { status: 'active', cps_limit: 50, channel_limit: 400 }),
    ),
    ...CUSTOMERS.map(({ name, trunk, source }) =>
      make('trunk', trunk, 1, {
        direction: 'ingress',
        status: 'active',
        customer: name,
        source_addresses: [source, '127.0.0.0/8'],
        tech_prefix: '',
        media: 'relay',
        called_number: { strip_prefix: '', add_prefix: '' },
      }),
    ),
    ...CARRIERS.map(({ name, trunk, gateway }, index) =>
      make('trunk', trunk, 3, {
        direction: 'egress',
        status: name === 'cirrus' ? 'inactive' : 'active',
        carrier: name,
        rate_card: `${name}-usd`,
        gateway,
        transport: 'udp',
        priority: index + 1,
        weight: 100,
        failover: {
          codes: [408, 500, 503, '5xx'],
          first_reply_timeout_ms: 2000,
          ring_timeout_s: 60,
        },
        media: 'relay',
      }),
    ),
    ...['retail', ...CARRIERS.map(({ name }) => name)].map((name) =>
      make('rate_card', `${name}-usd`, 4, {
        currency: CURRENCY,
        rates_file: `${name}.csv.gz`,
        initial_interval_s: name === 'retail' ? 1 : 60,
        next_interval_s: 1,
        connection_fee: '0.000000000',
      }),
    ),
    make('customer_category', 'wholesale', 1, { open_for_registration: false }),
    make('voice_tier', 'standard', 1, { code: 'S', position: 1 }),
    make('voice_tier', 'premium', 1, { code: 'P', position: 2, asr_percent: 55 }),
    make('notification_target', 'noc-hook', 1, {
      channel: 'webhook',
      status: 'active',
      events: ['change_set.*', 'trunk.*'],
      url: 'https://noc.example.net/didtron',
      timeout_s: 10,
      attempts_max: 8,
    }),
    make('notification_target', 'noc-mail', 1, {
      channel: 'email',
      status: 'active',
      events: ['change_set.failed'],
      recipients: ['noc@example.net'],
    }),
    make('exchange_source', 'ecb', 1, {
      status: 'active',
      provider: 'ecb',
      currencies: ['EUR', 'GBP', 'CHF'],
    }),
    ...MANY_LISTS.map((name) =>
      make('number_list', name, 1, { action: 'block', entries: ['4499', '88213'] }),
    ),
  ]
}
