import type { IncomingMessage, ServerResponse } from 'node:http'

import type {
  ApplyRequest,
  ApplyResult,
  CallExplanation,
  CallPage,
  Cdr,
  LiveHistory,
  PasswordChange,
  Session,
  Status,
} from '~/api/__generated__/schema'
import type { Kind } from '~/api/resources'

import type { Answer, Call } from './call.ts'
import { answerCdrs } from './cdrs.ts'
import { ChangeSets } from './change-sets.ts'
import { applyFiles } from './configuration.ts'
import { Events } from './events.ts'
import { callExplained, explained } from './explain.ts'
import { numbersTried } from './numbers.ts'
import { Jobs } from './jobs.ts'
import { readKinds } from './kinds.ts'
import { Ledgers } from './ledger.ts'
import { Notifications } from './notifications.ts'
import { page } from './pages.ts'
import { People } from './people.ts'
import { PERMISSIONS } from './permissions.ts'
import { Refusal } from './refusal.ts'
import { ResourceStore } from './resource-store.ts'
import { answerResource } from './resources.ts'
import { Security } from './security.ts'
import { PASSWORD, PERSONAS, SECOND_FACTOR_CODE } from './sentinels.ts'
import { answerReport } from './reports.ts'
import { Simulator } from './simulator.ts'
import { answerWelcome, checkPassword } from './welcome.ts'
import { NODE, resources } from './world.ts'

const SEED = 7
const COOKIE = 'didtron_session'
const VISIT_COOKIE = 'mock_visit'
const VISIT_MS = 3_600_000
const CSRF_TOKEN = 'mock-csrf-token'
const SIGN_IN_TOKEN = 'f'.repeat(64)

/** The management API in memory: the same shapes by the same types, calls by a simulation. */
export class MockServer {
  readonly #simulator = new Simulator(SEED, Date.now())
  /** Each user has one of its own, so that tests do not meet. */
  readonly #stores = new Map<string, ResourceStore>()
  readonly #people = new Map<string, People>()
  readonly #security = new Security()
  readonly #sets = new Map<string, ChangeSets>()
  readonly #jobs = new Map<string, Jobs>()
  readonly #ledgers = new Ledgers()
  readonly #events = new Map<string, Events>()
  readonly #notifications = new Map<string, Notifications>()
  /** What was changed by users; any other has the one of all. */
  readonly #passwords = new Map<string, string>()
  readonly #kinds = readKinds()

  /** Answers a request below `/api/`; false for any other. */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const url = new URL(request.url ?? '/', 'http://mock')
    if (!url.pathname.startsWith('/api/')) return false
    this.#answer(request, response, url).catch((error: unknown) => {
      const refusal = error instanceof Refusal ? error : new Refusal(500, 'internal', String(error))
      send(response, refusal.problem.status, refusal.problem, 'application/problem+json')
    })
    return true
  }

  async #answer(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    this.#simulator.advance(Date.now())
    const path = url.pathname.replace('/api/v1', '')
    if (path === '/session' && request.method === 'POST') {
      await this.#signIn(request, response)
      return
    }
    if (path === '/session/second-factor') {
      await this.#secondFactor(request, response)
      return
    }
    const call = {
      method: request.method ?? 'GET',
      path: path.slice(1).split('/').map(decodeURIComponent),
      query: url.searchParams,
      json: async <Body>() => (await body(request)) as Body,
    }
    const welcome = (await answerWelcome(call)) ?? (await this.#security.answerOpen(call))
    if (welcome) {
      answer(response, welcome)
      return
    }
    const user = userOf(request)
    if (user === null) {
      throw new Refusal(401, 'unauthenticated', 'Sign in, or send an API key.')
    }
    const own = await this.#area(request, { ...call, user })
    if (own) {
      answer(response, own, user)
      return
    }
    if (path === '/session/visit') {
      requireCsrf(request)
      answer(response, { status: 200, visit: '' }, user)
      return
    }
    const query = url.searchParams
    if (path === '/session' && request.method === 'DELETE') signOut(request, response)
    else if (path === '/session') send(response, 200, visiting(session(user), visitOf(request)))
    else if (path === '/sessions' && request.method === 'DELETE') signOut(request, response)
    else if (path === '/me/password') await this.#changePassword(request, response, user)
    else if (/^\/(jobs|job-schedules)\b/.test(path)) {
      send(response, 200, this.#job(request, path.split('/').slice(1), query, user))
    } else if (path.startsWith('/cdrs/'))
      send(response, 200, this.#cdr(path.slice('/cdrs/'.length)))
    else if (path === '/calls') send(response, 200, this.#callPage(query, user))
    else if (path === '/live/history') send(response, 200, this.#history(query, user))
    else if (path === '/events') send(response, 200, this.#eventsOf(user).list(query))
    else if (path === '/events/stream') this.#eventStream(request, response, query, user)
    else if (path === '/live') this.#stream(request, response, user)
    else if (path === '/explain') send(response, 200, explained(query))
    else if (path === '/numbers/test') {
      requireCsrf(request)
      send(response, 200, numbersTried(await body(request)))
    } else if (path === '/kinds') send(response, 200, { items: this.#kindsFor(user) })
    else if (path === '/apply' && request.method === 'POST')
      send(response, 200, await this.#apply(request, query, user))
    else if (path === '/status') send(response, 200, this.#status(user))
    else await this.#resource(request, response, url, user)
  }

  /** The areas that answer for themselves; null for what is none of theirs. */
  async #area(request: IncomingMessage, call: Call): Promise<Answer | null> {
    if (call.path[1] === 'password' || call.path.join('/') === 'session') return null
    const answers = [
      () => this.#changeSets(call.user).answer(call),
      () => this.#ledgers.answer(call, this.#store(call.user), call.user !== PERSONAS.viewer),
      () => answerCdrs(call, call.user === PERSONAS.empty ? [] : this.#simulator.records),
      () => answerReport(call, call.user === PERSONAS.empty, this.#store(call.user)),
      () => this.#security.answer(call),
      () => this.#notificationsOf(call.user).answer(call),
      () => this.#peopleOf(call.user).answer(call),
    ]
    for (const ask of answers) {
      const found = await ask()
      if (!found) continue
      if (call.method !== 'GET') requireCsrf(request)
      return found
    }
    return null
  }

  #cdr(path: string): Cdr | CallExplanation {
    const [id = '', explain] = path.split('/')
    const found = this.#simulator.records.find((record) => record.id === id)
    if (!found) throw new Refusal(404, 'not-found', `There is no record of the call ${id}.`)
    return explain === 'explain' ? callExplained(found) : found
  }

  #callPage(query: URLSearchParams, user: string): CallPage {
    const calls = user === PERSONAS.empty ? [] : this.#simulator.calls(Date.now())
    return { ...page(calls, query), total: calls.length }
  }

  #history(query: URLSearchParams, user: string): LiveHistory {
    if (user === PERSONAS.offline) throw new Refusal(503, 'unavailable', 'The switch is starting.')
    if (user === PERSONAS.empty) return { points: [] }
    return { points: this.#simulator.points.slice(-Number(query.get('seconds') ?? 600)) }
  }

  #stream(request: IncomingMessage, response: ServerResponse, user: string): void {
    if (user === PERSONAS.offline) throw new Refusal(503, 'unavailable', 'The switch is starting.')
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
    })
    response.write(': open\n\n')
    let sent = 0
    const timer = setInterval(() => {
      this.#simulator.advance(Date.now())
      const point = this.#simulator.points.at(-1)
      const isSilent = user === PERSONAS.quiet && sent > 0
      if (!point || isSilent) return
      sent += 1
      const shown =
        user === PERSONAS.empty
          ? {
              ...point,
              calls_now: 0,
              cps: 0,
              asr_percent: null,
              margin: '0',
              revenue: '0',
              cost: '0',
            }
          : point
      response.write(`event: sample\ndata: ${JSON.stringify(shown)}\n\n`)
    }, 1_000)
    request.on('close', () => clearInterval(timer))
  }

  #kindsFor(user: string): Kind[] {
    return this.#kinds.map((kind) => ({ ...kind, can_write: user !== PERSONAS.viewer }))
  }

  async #resource(
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
    user: string,
  ): Promise<void> {
    const method = request.method ?? 'GET'
    if (method !== 'GET') requireCsrf(request)
    const answer = await answerResource(this.#store(user), {
      method,
      path: url.pathname.replace('/api/v1/', '').split('/'),
      query: url.searchParams,
      ifMatch: request.headers['if-match'],
      author: user,
      canWrite: user !== PERSONAS.viewer,
      json: () => body(request),
      text: () => bodyText(request),
      contentType: request.headers['content-type'] ?? '',
      changeSets: this.#changeSets(user),
    })
    if (!answer) throw new Refusal(404, 'not-found', `There is no ${url.pathname}.`)
    send(response, answer.status, answer.body, answer.type, answer.headers)
  }

  async #apply(
    request: IncomingMessage,
    query: URLSearchParams,
    user: string,
  ): Promise<ApplyResult> {
    requireCsrf(request)
    const bundle = (await body(request)) as ApplyRequest
    const result = applyFiles(this.#store(user), bundle, query.get('dry_run') === 'true')
    if (!Array.isArray(result)) return result
    throw new Refusal(422, 'invalid', `Nothing was applied: ${result.length} problems.`, {
      errors: result,
    })
  }

  #job(request: IncomingMessage, path: string[], query: URLSearchParams, user: string): unknown {
    const jobs = this.#jobsOf(user)
    const [area, id, action] = path
    if (request.method === 'POST') requireCsrf(request)
    if (area === 'job-schedules') {
      return id === undefined ? { items: jobs.schedules } : jobs.run(decodeURIComponent(id))
    }
    if (id === undefined) return jobs.list(query)
    if (action === 'retry') return jobs.retry(id)
    if (action === 'cancel') return jobs.cancel(id, user)
    return action === 'discard' ? jobs.discard(id) : jobs.view(id)
  }

  async #signIn(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { username, password } = (await body(request)) as { username: string; password: string }
    if (username === PERSONAS.locked) {
      throw new Refusal(429, 'slow-down', 'Too many failed sign-ins. Try again in 30 s.', {
        retry_after_seconds: 30,
      })
    }
    if (username === PERSONAS.broken) throw new Refusal(500, 'internal', 'The switch failed.')
    if (password !== this.#passwordOf(username)) {
      throw new Refusal(401, 'sign-in-refused', 'The user name or the password is wrong.')
    }
    if (username === PERSONAS.guarded) {
      const expires_at = new Date(Date.now() + 300_000).toISOString()
      const methods = ['totp', 'recovery_code']
      const needed = { sign_in_token: SIGN_IN_TOKEN, methods, expires_at }
      send(response, 202, needed, 'application/json')
      return
    }
    begin(response, username)
  }

  async #secondFactor(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const sent = (await body(request)) as { sign_in_token: string; code?: string }
    if (sent.sign_in_token !== SIGN_IN_TOKEN || sent.code !== SECOND_FACTOR_CODE) {
      throw new Refusal(401, 'sign-in-refused', 'The code is wrong.')
    }
    begin(response, PERSONAS.guarded)
  }

  #passwordOf(user: string): string {
    return this.#passwords.get(user) ?? PASSWORD
  }

  async #changePassword(
    request: IncomingMessage,
    response: ServerResponse,
    user: string,
  ): Promise<void> {
    requireCsrf(request)
    const change = (await body(request)) as PasswordChange
    if (change.current_password !== this.#passwordOf(user)) {
      throw new Refusal(401, 'sign-in-refused', 'The user name or the password is wrong.')
    }
    checkPassword('new_password', change.new_password)
    this.#passwords.set(user, change.new_password)
    send(response, 200, session(user))
  }

  #store(user: string): ResourceStore {
    const isNew = user === PERSONAS.empty
    const first = isNew ? [] : resources(this.#simulator.startedMs)
    const found = this.#stores.get(user) ?? new ResourceStore(this.#kinds, first)
    this.#stores.set(user, found)
    return found
  }

  #changeSets(user: string): ChangeSets {
    const found = this.#sets.get(user) ?? new ChangeSets(this.#store(user))
    this.#sets.set(user, found)
    return found
  }

  #jobsOf(user: string): Jobs {
    const found = this.#jobs.get(user) ?? new Jobs(Date.now())
    this.#jobs.set(user, found)
    return found
  }

  #eventStream(
    request: IncomingMessage,
    response: ServerResponse,
    query: URLSearchParams,
    user: string,
  ): void {
    if (user === PERSONAS.offline) throw new Refusal(503, 'unavailable', 'Too many streams.')
    this.#eventsOf(user).stream(request, response, query)
  }

  #eventsOf(user: string): Events {
    const found = this.#events.get(user) ?? new Events(Date.now(), user === PERSONAS.empty)
    this.#events.set(user, found)
    return found
  }

  #notificationsOf(user: string): Notifications {
    const isNew = user === PERSONAS.empty
    const found =
      this.#notifications.get(user) ??
      new Notifications(this.#store(user), this.#jobsOf(user), Date.now(), isNew)
    this.#notifications.set(user, found)
    return found
  }

  #peopleOf(user: string): People {
    const found = this.#people.get(user) ?? new People()
    this.#people.set(user, found)
    return found
  }

  #status(user: string): Status {
    const now = Date.now()
    const calls = this.#simulator.calls(now).length
    return {
      node: NODE,
      version: '0.1.0',
      started_at: new Date(this.#simulator.startedMs).toISOString(),
      uptime_seconds: Math.floor((now - this.#simulator.startedMs) / 1000),
      snapshot_number: this.#store(user).snapshotNumber,
      drain: 'running',
      journal: { available: true, detail: null },
      loader: {
        caught_up_at: new Date(now - 400).toISOString(),
        duplicates: 0,
        lag_bytes: 0,
        records_loaded: this.#simulator.records.length,
        trouble: null,
      },
      listeners: [
        { address: '127.0.0.10:5060', transport: 'udp' },
        { address: '127.0.0.10:5060', transport: 'tcp' },
      ],
      shards: [
        { shard: 0, calls: Math.ceil(calls / 2) },
        { shard: 1, calls: Math.floor(calls / 2) },
      ],
    }
  }
}

function answer(
  response: ServerResponse,
  { status, body, signIn, visit, type }: Answer,
  user = '',
): void {
  if (signIn !== undefined) begin(response, signIn)
  else if (visit !== undefined) enter(response, user, visit)
  else send(response, status, body, type)
}

function begin(response: ServerResponse, username: string): void {
  const cookie = `${COOKIE}=${encodeURIComponent(username)}; HttpOnly; SameSite=Strict; Path=/`
  send(response, 200, session(username), 'application/json', { 'set-cookie': cookie })
}

/** A visit is a cookie beside that of the session. */
function enter(response: ServerResponse, user: string, tenant: string): void {
  const cookie = `${VISIT_COOKIE}=${encodeURIComponent(tenant)}; HttpOnly; SameSite=Strict; Path=/`
  const body = visiting(session(user), tenant)
  send(response, 200, body, 'application/json', { 'set-cookie': cookie })
}

function visiting(own: Session, tenant: string): Session {
  if (!tenant) return own
  const ends_at = new Date(Date.now() + VISIT_MS).toISOString()
  return {
    ...own,
    tenant: { id: 2, kind: 'operator', name: tenant },
    visit: { home: own.tenant.name, ends_at },
  }
}

function session(username: string, hasFactor = false): Session {
  return {
    user: { username, role: username === PERSONAS.viewer ? 'viewer' : 'super_admin' },
    tenant: { id: 1, kind: 'platform', name: 'platform' },
    permissions:
      username === PERSONAS.viewer
        ? PERMISSIONS.filter((name) => name.endsWith('.read'))
        : PERMISSIONS,
    second_factor_required: username.startsWith(PERSONAS.enrolling) && !hasFactor,
    visit: null,
    csrf_token: CSRF_TOKEN,
  }
}

function signOut(request: IncomingMessage, response: ServerResponse): void {
  requireCsrf(request)
  response.writeHead(204, { 'set-cookie': `${COOKIE}=; Path=/; Max-Age=0` }).end()
}

function requireCsrf(request: IncomingMessage): void {
  if (request.headers['x-csrf-token'] !== CSRF_TOKEN) {
    throw new Refusal(403, 'csrf', "Send the session's token in the header `X-CSRF-Token`.")
  }
}

async function body(request: IncomingMessage): Promise<unknown> {
  return JSON.parse(await bodyText(request))
}

async function bodyText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString()
}

function userOf(request: IncomingMessage): string | null {
  const found = new RegExp(`${COOKIE}=([^;]+)`).exec(request.headers.cookie ?? '')
  return found?.[1] ? decodeURIComponent(found[1]) : null
}

function visitOf(request: IncomingMessage): string {
  const found = new RegExp(`${VISIT_COOKIE}=([^;]+)`).exec(request.headers.cookie ?? '')
  return found?.[1] ? decodeURIComponent(found[1]) : ''
}

function send(
  response: ServerResponse,
  status: number,
  body: unknown,
  type = 'application/json',
  headers: Record<string, string> = {},
): void {
  if (body === undefined || status === 204) {
    const length = status === 204 ? {} : { 'content-length': '0' }
    response.writeHead(status, { 'cache-control': 'no-store', ...length, ...headers }).end()
    return
  }
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store', ...headers })
  response.end(typeof body === 'string' ? body : JSON.stringify(body))
}
