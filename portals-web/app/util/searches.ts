import { type CdrFacts, cdrFacts } from './cdr-facts'
import { REPORT_DAYS, REPORT_GROUPS, type ReportDays } from './report-days'
import { oneOf, text } from './search-params'

/** What the addresses of the screens may hold after the `?`. Read by the routes, written by `pb`. */

export const OUTCOMES = ['answered', 'cancelled', 'failed', 'rejected', 'interrupted'] as const

/** Relative time ranges, in seconds. */
export const SPANS = {
  '15m': 900,
  '1h': 3_600,
  '24h': 86_400,
  '7d': 604_800,
  '30d': 2_592_000,
} as const
export type Span = keyof typeof SPANS
export const SPAN_NAMES = Object.keys(SPANS) as Span[]

/** How often the first page of a list is asked anew, in milliseconds. */
export const REFRESHES = { off: 0, '5s': 5_000, '30s': 30_000, '1m': 60_000 } as const
export type Refresh = keyof typeof REFRESHES
export const REFRESH_NAMES = Object.keys(REFRESHES) as Refresh[]
export const DEFAULT_REFRESH: Refresh = '30s'

export interface CdrsSearch extends CdrFacts {
  customer?: string | undefined
  carrier?: string | undefined
  outcome?: (typeof OUTCOMES)[number] | undefined
  called_prefix?: string | undefined
  /** A relative range; wins over `from`. */
  last?: Span | undefined
  /** RFC 3339. */
  from?: string | undefined
  /** RFC 3339. */
  to?: string | undefined
  cursor?: string | undefined
  refresh?: Refresh | undefined
}

export function cdrsSearch(search: Record<string, unknown>): CdrsSearch {
  return {
    customer: text(search['customer']),
    carrier: text(search['carrier']),
    outcome: oneOf(search['outcome'], OUTCOMES),
    called_prefix: text(search['called_prefix'], 32),
    last: oneOf(search['last'], SPAN_NAMES),
    from: instant(search['from']),
    to: instant(search['to']),
    cursor: text(search['cursor'], 512),
    refresh: oneOf(search['refresh'], REFRESH_NAMES),
    ...cdrFacts(search),
  }
}

/** A report of traffic. */
export interface ReportsSearch {
  days?: ReportDays | undefined
  by?: (typeof REPORT_GROUPS)[number] | undefined
  customer?: string | undefined
  carrier?: string | undefined
  compare?: 'previous' | undefined
  cursor?: string | undefined
}

export function reportsSearch(search: Record<string, unknown>): ReportsSearch {
  return {
    days: oneOf(search['days'], REPORT_DAYS),
    by: oneOf(search['by'], REPORT_GROUPS),
    customer: text(search['customer']),
    carrier: text(search['carrier']),
    compare: oneOf(search['compare'], ['previous']),
    cursor: text(search['cursor'], 9),
  }
}

export interface LiveCallsSearch {
  cursor?: string | undefined
}

export function liveCallsSearch(search: Record<string, unknown>): LiveCallsSearch {
  return { cursor: text(search['cursor'], 512) }
}

export interface ExplainSearch {
  from?: string | undefined
  to?: string | undefined
  customer?: string | undefined
  source?: string | undefined
}

export function explainSearch(search: Record<string, unknown>): ExplainSearch {
  return {
    from: text(search['from'], 64),
    to: text(search['to'], 64),
    customer: text(search['customer']),
    source: text(search['source'], 64),
  }
}

/** A list of resources. */
export interface ResourcesSearch {
  q?: string | undefined
  /** The kind's own filters, written as a query: `status=active&carrier=aurora`. */
  filter?: string | undefined
  /** A field; with `-` before it, the greatest first. */
  sort?: string | undefined
  /** Names of the columns, with commas between. */
  columns?: string | undefined
  cursor?: string | undefined
}

export function resourcesSearch(search: Record<string, unknown>): ResourcesSearch {
  return {
    q: text(search['q'], 400),
    filter: text(search['filter'], 2_000),
    sort: text(search['sort']),
    columns: text(search['columns'], 1_000),
    cursor: text(search['cursor'], 2_000),
  }
}

export const RESOURCE_TABS = [
  'general',
  'advanced',
  'assignment',
  'customers',
  'entitlements',
  'balance',
  'deliveries',
  'history',
] as const
export type ResourceTab = (typeof RESOURCE_TABS)[number]

export interface ResourceSearch {
  tab?: ResourceTab | undefined
  /** The change set whose draft is looked at, instead of what is in force. */
  change_set?: string | undefined
  /** Of a new one: the name of its draft in the change set. */
  draft?: string | undefined
  /** The earlier of two versions that are compared. */
  from?: string | undefined
  /** The later one. */
  to?: string | undefined
}

export function resourceSearch(search: Record<string, unknown>): ResourceSearch {
  return {
    tab: oneOf(search['tab'], RESOURCE_TABS),
    change_set: version(search['change_set']),
    draft: text(search['draft'], 400),
    from: version(search['from']),
    to: version(search['to']),
  }
}

export const CHANGE_SET_STATES = [
  'draft',
  'scheduled',
  'pushing',
  'pushed',
  'failed',
  'rolled_back',
] as const

export interface ChangeSetsSearch {
  state?: (typeof CHANGE_SET_STATES)[number] | undefined
  cursor?: string | undefined
}

export function changeSetsSearch(search: Record<string, unknown>): ChangeSetsSearch {
  return {
    state: oneOf(search['state'], CHANGE_SET_STATES),
    cursor: version(search['cursor']),
  }
}

export interface ChangeSetSearch {
  tab?: 'preview' | undefined
  cursor?: string | undefined
}

export function changeSetSearch(search: Record<string, unknown>): ChangeSetSearch {
  return {
    tab: oneOf(search['tab'], ['preview'] as const),
    cursor: text(search['cursor'], 2_000),
  }
}

export const USER_STATES = ['active', 'pending', 'suspended'] as const

export interface UsersSearch {
  status?: (typeof USER_STATES)[number] | undefined
  cursor?: string | undefined
}

export function usersSearch(search: Record<string, unknown>): UsersSearch {
  return {
    status: oneOf(search['status'], USER_STATES),
    cursor: text(search['cursor'], 2_000),
  }
}

/** A list with nothing but pages. */
export interface PagedSearch {
  cursor?: string | undefined
}

export function pagedSearch(search: Record<string, unknown>): PagedSearch {
  return { cursor: text(search['cursor'], 2_000) }
}

export interface AuditSearch {
  actor?: string | undefined
  operation?: string | undefined
  kind?: string | undefined
  subject?: string | undefined
  /** RFC 3339. */
  from?: string | undefined
  /** RFC 3339. */
  to?: string | undefined
  cursor?: string | undefined
}

export function auditSearch(search: Record<string, unknown>): AuditSearch {
  return {
    actor: text(search['actor'], 256),
    operation: text(search['operation'], 100),
    kind: text(search['kind'], 100),
    subject: text(search['subject'], 400),
    from: instant(search['from']),
    to: instant(search['to']),
    cursor: text(search['cursor'], 2_000),
  }
}

export const JOB_STATES = ['ready', 'running', 'done', 'dead', 'discarded'] as const

export interface JobsSearch {
  state?: (typeof JOB_STATES)[number] | undefined
  kind?: string | undefined
  cursor?: string | undefined
}

export function jobsSearch(search: Record<string, unknown>): JobsSearch {
  return {
    state: oneOf(search['state'], JOB_STATES),
    kind: text(search['kind']),
    cursor: text(search['cursor'], 20),
  }
}

export const DELIVERY_STATES = ['pending', 'delivered', 'failed', 'dead', 'suppressed'] as const

export interface DeliveriesSearch {
  target?: string | undefined
  state?: (typeof DELIVERY_STATES)[number] | undefined
  event?: string | undefined
  cursor?: string | undefined
}

export function deliveriesSearch(search: Record<string, unknown>): DeliveriesSearch {
  return {
    target: text(search['target'], 200),
    state: oneOf(search['state'], DELIVERY_STATES),
    event: text(search['event'], 200),
    cursor: text(search['cursor'], 20),
  }
}

export interface EventsSearch {
  /** A kind such as `trunk.updated`, or an area such as `trunk.*`. */
  kind?: string | undefined
  subject?: string | undefined
  actor?: string | undefined
  /** RFC 3339. */
  from?: string | undefined
  /** RFC 3339. */
  to?: string | undefined
  cursor?: string | undefined
}

export function eventsSearch(search: Record<string, unknown>): EventsSearch {
  return {
    kind: text(search['kind'], 200),
    subject: text(search['subject'], 200),
    actor: text(search['actor'], 200),
    from: instant(search['from']),
    to: instant(search['to']),
    cursor: version(search['cursor']),
  }
}

export interface SignInSearch {
  /** Where to go after signing in: a path of this site. */
  next?: string | undefined
}

export function signInSearch(search: Record<string, unknown>): SignInSearch {
  const next = text(search['next'], 1024)
  return { next: next !== undefined && isOwnPath(next) ? next : undefined }
}

/** `//elsewhere.example` and `/\elsewhere` are other sites to a browser. */
function isOwnPath(path: string): boolean {
  return /^\/(?![/\\])/.test(path)
}

function instant(value: unknown): string | undefined {
  const found = text(value, 40)
  return found !== undefined && !Number.isNaN(Date.parse(found)) ? found : undefined
}

function version(value: unknown): string | undefined {
  const found = text(value, 15)
  return found !== undefined && /^[1-9]\d*$/.test(found) ? found : undefined
}
