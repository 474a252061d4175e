import type {
  Job,
  JobAttempt,
  JobDetail,
  JobList,
  JobSchedule,
  JobState,
} from '~/api/__generated__/schema'

import { Refusal } from './refusal.ts'
import { NODE } from './world.ts'

const MINUTE_MS = 60_000
const JOB_COUNT = 70
/** Tells how far it is, and stops when it is asked to. */
const TELLING_JOB = 68
/** Tells it without an end, and too seldom to have heard that it is to stop. */
const SELDOM_JOB = 67
/** Does not tell it. */
const SILENT_JOB = 65
/** Jobs that deliver notifications: one waits for its next try, one is given up. */
export const FAILED_DELIVERY_JOB = 64
export const DEAD_DELIVERY_JOB = 46
const NEXT_TRY_MS = 30 * MINUTE_MS
const TENANTS = 4_000
const TENANTS_AT_ONCE = 40

interface StoredJob extends Job {
  runs: JobAttempt[]
  payload: object
}

/** The background work of one user's world: some done, some waiting, one dead. */
export class Jobs {
  #jobs: StoredJob[]
  #schedules: JobSchedule[]

  constructor(nowMs: number) {
    this.#jobs = Array.from({ length: JOB_COUNT }, (_, at) => job(at + 1, nowMs))
    this.#schedules = [
      {
        name: 'prune',
        summary: 'Forgets finished jobs and ended sessions.',
        cron: '30 3 * * *',
        next_run_at: iso(nowMs + 60 * MINUTE_MS),
        last_run_at: iso(nowMs - 60 * MINUTE_MS),
        last_job_id: 1,
      },
      {
        name: 'secrets.check',
        summary: 'Looks whether every secret can be opened.',
        cron: '0 * * * *',
        next_run_at: iso(nowMs + 10 * MINUTE_MS),
        last_run_at: null,
        last_job_id: null,
      },
    ]
  }

  list(query: URLSearchParams): JobList {
    this.#goOn()
    const [state, kind] = [query.get('state'), query.get('kind')]
    const before = Number(query.get('cursor') ?? Number.MAX_SAFE_INTEGER)
    const limit = Number(query.get('limit') ?? 50)
    const matching = this.#jobs
      .filter((each) => (!state || each.state === state) && (!kind || each.kind === kind))
      .filter(({ id }) => id < before)
      .toSorted((a, b) => b.id - a.id)
    const items = matching.slice(0, limit)
    const last = items.at(-1)
    return {
      items: items.map((each) => ({ ...each, runs: undefined, payload: undefined })),
      next_cursor: matching.length > limit && last ? String(last.id) : null,
      counts: this.#counts(),
    }
  }

  view(id: string): JobDetail {
    this.#goOn()
    return this.#shown(id)
  }

  /** Ends a job that waits and whose time has come; false for any other. */
  finishIfDue(id: string): boolean {
    const found = this.#jobs.find((each) => String(each.id) === id)
    if (found?.state !== 'ready' || Date.parse(found.run_at) > Date.now()) return false
    found.state = 'done'
    found.attempts += 1
    return true
  }

  #shown(id: string): JobDetail {
    return { ...this.#find(id), unique_key: null }
  }

  retry(id: string): JobDetail {
    const found = this.#move(id, ['dead', 'discarded', 'ready'], 'ready', 'be retried')
    this.#find(id).run_at = iso(Date.now())
    return { ...found, run_at: iso(Date.now()) }
  }

  discard(id: string): JobDetail {
    return this.#move(id, ['dead', 'ready'], 'discarded', 'be discarded')
  }

  cancel(id: string, by: string): JobDetail {
    const found = this.#find(id)
    if (found.state === 'running' && found.progress === null) {
      throw new Refusal(422, 'invalid', `Job ${id} is running and cannot be cancelled.`)
    }
    const to = found.state === 'running' ? 'running' : 'discarded'
    this.#move(id, ['ready', 'running'], to, 'be cancelled')
    found.cancelled_by = by
    return this.#shown(id)
  }

  get schedules(): JobSchedule[] {
    return this.#schedules
  }

  run(name: string): { job_id: number | null } {
    const schedule = this.#schedules.find((each) => each.name === name)
    if (!schedule) throw new Refusal(404, 'not-found', 'There is no such schedule.')
    const isAtWork = this.#jobs.some((each) => each.kind === name && each.state === 'ready')
    if (isAtWork) return { job_id: null }
    const id = this.#jobs.length + 1
    const now = Date.now()
    this.#jobs.push({ ...job(id, now), kind: name, state: 'ready', attempts: 0, runs: [] })
    return { job_id: id }
  }

  /** What runs is further each time that somebody looks; what was asked to stop has stopped. */
  #goOn(): void {
    const found = this.#jobs.find(({ id }) => id === TELLING_JOB)
    if (!found?.progress || found.state !== 'running') return
    if (found.cancelled_by === null) {
      // The last step is left: however long somebody looks, there is a job that runs.
      const done = Math.min(TENANTS - TENANTS_AT_ONCE, found.progress.done + TENANTS_AT_ONCE)
      found.progress = { ...found.progress, done }
      return
    }
    const error = 'It was cancelled.'
    const ended_at = iso(Date.now())
    found.state = 'discarded'
    found.updated_at = ended_at
    found.last_error = error
    found.runs = found.runs.map((run) => ({ ...run, ended_at, outcome: 'cancelled', error }))
  }

  #find(id: string): StoredJob {
    const found = this.#jobs.find((each) => String(each.id) === id)
    if (!found) throw new Refusal(404, 'not-found', `There is no job ${id}.`)
    return found
  }

  #move(id: string, from: JobState[], to: JobState, what: string): JobDetail {
    const found = this.#find(id)
    if (!from.includes(found.state)) {
      throw new Refusal(422, 'invalid', `Job ${id} is ${found.state} and cannot ${what}.`)
    }
    found.state = to
    found.updated_at = iso(Date.now())
    return this.#shown(id)
  }

  #counts(): JobList['counts'] {
    const counts = new Map<string, JobList['counts'][number]>()
    for (const { kind, state } of this.#jobs) {
      const key = `${kind} ${state}`
      const count = (counts.get(key)?.count ?? 0) + 1
      counts.set(key, { kind, state, count })
    }
    return [...counts.values()]
  }
}

function job(id: number, nowMs: number): StoredJob {
  if (id === TELLING_JOB) {
    const text = 'tenants; 12,500 entries forgotten'
    return running(id, 'prune_audit', { done: 1_000, total: TENANTS, text }, nowMs)
  }
  if (id === SELDOM_JOB) {
    const progress = { done: 30, total: null, text: 'old events are forgotten' }
    return running(id, 'prune_events', progress, nowMs)
  }
  if (id === SILENT_JOB) return running(id, 'mail.send', null, nowMs)
  if (id === FAILED_DELIVERY_JOB) {
    const next = { run_at: iso(nowMs + NEXT_TRY_MS), attempts: 2, attempts_max: 8 }
    return { ...ended(id, nowMs), ...next, kind: 'notification.deliver', state: 'ready' }
  }
  if (id === DEAD_DELIVERY_JOB) return { ...ended(id, nowMs), kind: 'notification.deliver' }
  return ended(id, nowMs)
}

function running(id: number, kind: string, progress: Job['progress'], nowMs: number): StoredJob {
  const usual = ended(id, nowMs)
  const runs = usual.runs.map((run) => ({ ...run, ended_at: null, outcome: 'running' }))
  return { ...usual, kind, state: 'running', progress, runs }
}

function ended(id: number, nowMs: number): StoredJob {
  const at = nowMs - (JOB_COUNT - id) * MINUTE_MS
  const state: JobState = id === JOB_COUNT ? 'ready' : id % 23 === 0 ? 'dead' : 'done'
  const error = state === 'dead' ? 'the mail server refused the recipient: 550' : null
  const attempts = state === 'dead' ? 3 : state === 'ready' ? 0 : 1
  return {
    id,
    kind: id % 3 === 0 ? 'prune' : 'mail.send',
    state,
    attempts,
    attempts_max: 3,
    priority: 100,
    run_at: iso(at),
    last_error: error,
    progress: null,
    cancelled_by: null,
    created_at: iso(at),
    updated_at: iso(at + 2_000),
    payload: { outbox: id },
    runs: Array.from({ length: attempts }, (_, run) => ({
      number: run + 1,
      node: NODE,
      started_at: iso(at + run * MINUTE_MS),
      ended_at: iso(at + run * MINUTE_MS + 900),
      outcome: error ? (run === 2 ? 'gave_up' : 'failed') : 'succeeded',
      error,
    })),
  }
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}
