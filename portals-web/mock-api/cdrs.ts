import type { Cdr, CdrExport, CdrExportCreate, CdrTotals } from '~/api/__generated__/schema'

import { type Answer, type Call, iso } from './call.ts'
import { answerCdrDays } from './cdr-days.ts'
import { cdrPage, matches } from './pages.ts'
import { Refusal } from './refusal.ts'
import { FAILING_CUSTOMER, SLOW_CUSTOMER } from './sentinels.ts'
import { summary } from './simulator.ts'

const SLOW_MS = 2_000

/** Answers what is asked of the list of records; null for any other path. */
export async function answerCdrs(call: Call, records: readonly Cdr[]): Promise<Answer | null> {
  const path = call.path.join('/')
  if (path === 'cdr-days') return answerCdrDays(call)
  if (call.path[0] === 'cdr-exports') return answerExports(call, records)
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
  const { searched_until, dropped } = cdrPage([], query)
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
    dropped,
  }
}

const HOUR_MS = 3_600_000
const MAKING_MS = 1_500

/** Files of each user's world. */
const exports = new Map<string, CdrExport[]>()

async function answerExports(call: Call, records: readonly Cdr[]): Promise<Answer> {
  const [, id, part] = call.path
  const files = exports.get(call.user) ?? []
  if (call.method === 'POST') return { status: 202, body: await created(call, records, files) }
  if (id === undefined) return { status: 200, body: { items: files.map(seen) } }
  const found = files.find((each) => String(each.id) === id)
  if (!found) throw new Refusal(404, 'not-found', `There is no file ${id}.`)
  if (call.method === 'DELETE') {
    exports.set(
      call.user,
      files.filter((each) => each !== found),
    )
    return { status: 204 }
  }
  if (part === 'file') return { status: 200, body: 'id,received_at\n', type: 'text/csv' }
  return { status: 200, body: seen(found) }
}

async function created(call: Call, records: readonly Cdr[], files: readonly CdrExport[]) {
  const { format } = await call.json<CdrExportCreate>()
  const count = records.filter(matches(call.query)).length
  const now = Date.now()
  const made: CdrExport = {
    id: 1 + Math.max(0, ...files.map(({ id }) => id)),
    state: 'making' as CdrExport['state'],
    format,
    author: call.user,
    query: call.query.toString(),
    records: count,
    bytes: count * 240,
    failure: null,
    created_at: iso(now),
    updated_at: iso(now),
    expires_at: iso(now + 48 * HOUR_MS),
  }
  exports.set(call.user, [made, ...files])
  return seen(made)
}

/** A file is ready a moment after it was asked for. */
function seen(file: CdrExport): CdrExport {
  const isReady = Date.now() - Date.parse(file.created_at) > MAKING_MS
  return isReady
    ? { ...file, state: 'ready' as CdrExport['state'] }
    : { ...file, records: 0, bytes: 0 }
}
