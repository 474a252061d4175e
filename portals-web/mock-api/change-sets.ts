import type {
  ChangeSet,
  ChangeSetState,
  Difference,
  DraftDetail,
  DraftedResult,
  MoneyLine,
  Preview,
  PushRequest,
  RebaseRequest,
  Replay,
  ReplayLine,
  RollbackRequest,
} from '~/api/__generated__/schema'
import type { Kind, ResourceWrite } from '~/api/resources'
import { isEqual, type JsonObject } from '../app/util/json-path.ts'

import { type Answer, type Call, iso, pageOf } from './call.ts'
import { SOUND_PRICES, UNDER_COST } from './price-check.ts'
import { Refusal } from './refusal.ts'
import { differences, type ResourceStore } from './resource-store.ts'

type Found = ReturnType<ResourceStore['find']>

interface Draft {
  kind: Kind
  name: string
  /** What it was made from; null when it is new. */
  base: Found | null
  /** Null when it shall go. */
  write: ResourceWrite | null
  author: string
  at: string
}

interface Stored extends ChangeSet {
  list: Draft[]
  /** What was before its push, for the way back. */
  undo: { kind: Kind; name: string; before: Found | null }[]
}

/** The change sets of one user's world. */
export class ChangeSets {
  readonly #store: ResourceStore
  #sets: Stored[] = []

  constructor(store: ResourceStore) {
    this.#store = store
  }

  /** Answers what is about change sets; null for any other path. */
  async answer(call: Call): Promise<Answer | null> {
    const [area, id, part, kind, name] = call.path
    if (area !== 'change-sets') return null
    if (id === undefined) return this.#all(call)
    const set = this.#find(id)
    if (part === 'drafts') return this.#draftsOf(set, call, kind, name)
    if (part !== undefined) return this.#act(set, part, call)
    if (call.method === 'DELETE') {
      this.#sets = this.#sets.filter((each) => each !== set)
      return { status: 204 }
    }
    if (call.method === 'PUT') {
      const { name: next, note } = await call.json<{ name: string; note: string | null }>()
      touch(Object.assign(set, { name: next, note }))
    }
    return { status: 200, body: shown(set) }
  }

  /** Puts what a resource shall be into a change set. */
  draft(
    id: string,
    kind: Kind,
    target: Found | string,
    write: ResourceWrite | null,
    author: string,
  ): DraftedResult {
    const set = this.#find(id)
    const name = typeof target === 'string' ? target : target.name
    const base = typeof target === 'string' ? null : target
    set.list = set.list.filter((each) => each.kind !== kind || each.name !== name)
    const draft: Draft = { kind, name, base, write, author, at: iso(Date.now()) }
    set.list.push(draft)
    touch(set)
    const changes = [changeOf(draft)]
    return { change_set: set.id, revision: set.revision, changes }
  }

  /** The draft of what is not in force, by its name. */
  hasDraft(id: string, kind: Kind, name: string): boolean {
    return this.#find(id).list.some((each) => each.kind === kind && each.name === name)
  }

  async #all(call: Call): Promise<Answer> {
    if (call.method === 'POST') {
      const { name, note } = await call.json<{ name: string; note?: string }>()
      return { status: 201, body: shown(this.#make(name, note ?? null, call.user)) }
    }
    const state = call.query.get('state')
    const rows = this.#sets.filter((set) => !state || set.state === state).toReversed()
    return { status: 200, body: pageOf(rows.map(shown), call.query) }
  }

  #make(name: string, note: string | null, author: string): Stored {
    const at = iso(Date.now())
    const set: Stored = {
      id: this.#sets.length + 1,
      name,
      note,
      author,
      state: 'draft',
      drafts: 0,
      revision: 1,
      configuration_number: null,
      failure: null,
      push_at: null,
      pushed_at: null,
      pushed_by: null,
      rolled_back_by: null,
      rolls_back: null,
      created_at: at,
      updated_at: at,
      list: [],
      undo: [],
    }
    this.#sets.push(set)
    return set
  }

  #find(id: string): Stored {
    const found = this.#sets.find((set) => String(set.id) === id)
    if (!found) throw new Refusal(404, 'not-found', `There is no change set ${id}.`)
    return found
  }

  #draftsOf(set: Stored, call: Call, kind: string | undefined, name: string | undefined): Answer {
    if (kind === undefined) {
      const wanted = call.query.get('kind')
      const rows = set.list.filter((each) => !wanted || each.kind.kind === wanted)
      return {
        status: 200,
        body: { items: rows.map((each) => this.#view(each)), next_cursor: null },
      }
    }
    const draft = set.list.find((each) => each.kind.kind === kind && each.name === name)
    if (!draft) throw new Refusal(404, 'not-found', 'There is no such draft.')
    if (call.method === 'DELETE') {
      set.list = set.list.filter((each) => each !== draft)
      touch(set)
      return { status: 204 }
    }
    const { write } = draft
    const content = write && { assign: { all: true }, external_id: null, ...write }
    return { status: 200, body: { ...this.#view(draft), content } }
  }

  async #act(set: Stored, part: string, call: Call): Promise<Answer> {
    switch (part) {
      case 'preview':
        return { status: 200, body: this.#preview(set) }
      case 'push':
        return { status: 200, body: this.#push(set, await call.json<PushRequest>(), call.user) }
      case 'unschedule':
        touch(Object.assign(set, { state: 'draft', push_at: null }))
        return { status: 200, body: shown(set) }
      case 'rebase':
        return { status: 200, body: this.#rebase(set, await call.json<RebaseRequest>()) }
      case 'later-changes':
        return { status: 200, body: { items: this.#later(set) } }
      case 'rollback':
        return { status: 201, body: this.#rollBack(set, await call.json(), call.user) }
      default:
        throw new Refusal(404, 'not-found', 'There is no such path.')
    }
  }

  #inForce({ kind, base, name }: Draft): Found | undefined {
    return this.#store
      .all(kind.kind)
      .find((each) => (base ? each.id === base.id : each.name === name))
  }

  #isStale(draft: Draft): boolean {
    return (this.#inForce(draft)?.version ?? null) !== (draft.base?.version ?? null)
  }

  #view(draft: Draft): Omit<DraftDetail, 'content'> {
    const { kind, name, base, write, author, at } = draft
    const { action, differences: changed } = changeOf(draft)
    return {
      kind: kind.kind,
      name,
      new_name: write?.name ?? name,
      action,
      author,
      note: write?.note ?? null,
      base_version: base?.version ?? null,
      version_in_force: this.#inForce(draft)?.version ?? null,
      is_stale: this.#isStale(draft),
      differences: changed,
      updated_at: at,
    }
  }

  #preview(set: Stored): Preview {
    const stale = set.list.filter((draft) => this.#isStale(draft))
    const customers = this.#store.all('customer').map(({ name }) => name)
    const named = (kind: string) => {
      const names = set.list.filter((each) => each.kind.kind === kind).map(({ name }) => name)
      return { count: names.length, names }
    }
    return {
      change_set: set.id,
      revision: set.revision,
      snapshot_number: this.#store.snapshotNumber,
      changes: set.list.map(changeOf),
      problems: stale.map(({ kind, name }) => ({
        kind: kind.kind,
        name,
        message: 'has changed since the draft was made: rebase the change set',
      })),
      impact: {
        live_calls: set.list.some(({ kind }) => kind.kind === 'trunk') ? 12 : 0,
        customers: { count: customers.length, names: customers },
        carriers: { count: 2, names: ['aurora', 'borealis'] },
        routes: named('route'),
        trunks: named('trunk'),
        entitlements: [],
      },
      replay: REPLAY,
      prices: set.list.some(({ kind }) => kind.kind === 'rate_card') ? UNDER_COST : SOUND_PRICES,
    }
  }

  #push(set: Stored, { at, revision }: PushRequest, user: string): ChangeSet {
    if (revision != null && revision !== set.revision) {
      throw new Refusal(412, 'version-changed', `The change set has revision ${set.revision}.`)
    }
    const stale = set.list.filter((draft) => this.#isStale(draft))
    if (stale.length > 0) {
      throw new Refusal(409, 'conflict', 'Resources have changed since.', {
        errors: stale.map(({ kind, name }) => ({
          kind: kind.kind,
          name,
          message: 'has changed since the draft was made',
        })),
      })
    }
    if (at) {
      touch(Object.assign(set, { state: 'scheduled', push_at: at }))
      return shown(set)
    }
    set.undo = set.list.map((draft) => ({
      kind: draft.kind,
      name: draft.write?.name ?? draft.name,
      before: this.#inForce(draft) ?? null,
    }))
    for (const draft of set.list) this.#apply(draft, user)
    settle(set, 'pushed', user, this.#store.snapshotNumber)
    return shown(set)
  }

  #apply(draft: Draft, user: string): void {
    const before = this.#inForce(draft)
    const { kind, write } = draft
    if (!write) {
      if (before) this.#store.delete(before, user)
    } else if (before) this.#store.update(kind, before, write, user)
    else this.#store.create(kind, write, user)
  }

  /** Where both changed a field to different values, somebody must choose. */
  #rebase(set: Stored, { prefer }: RebaseRequest) {
    const stale = set.list.filter((draft) => this.#isStale(draft))
    const merged = stale.map((draft) => {
      const theirs = this.#inForce(draft)
      const base = draft.base?.spec ?? {}
      const [mine, now] = [draft.write?.spec ?? {}, theirs?.spec ?? {}]
      const byThem = new Set(differences(base, now).map(({ field }) => field))
      const byMe = differences(base, mine).map(({ field }) => field)
      const both = byMe.filter((field) => byThem.has(field) && !isEqual(mine[field], now[field]))
      const spec: JsonObject = { ...now }
      for (const field of byMe) {
        const value = mine[field]
        if (value !== undefined && !(prefer === 'in_force' && both.includes(field))) {
          spec[field] = value
        }
      }
      return { draft, theirs, spec, both }
    })
    const conflicts = merged.filter(({ both }) => both.length > 0)
    if (!prefer && conflicts.length > 0) {
      throw new Refusal(409, 'conflict', 'Both have changed the same fields.', {
        errors: conflicts.flatMap(({ draft, both }) =>
          both.map((field) => ({
            kind: draft.kind.kind,
            name: draft.name,
            field,
            message: 'is one value in force and another in the draft',
          })),
        ),
      })
    }
    for (const { draft, theirs, spec } of merged) {
      draft.base = theirs ?? null
      if (draft.write) draft.write = { ...draft.write, spec }
    }
    touch(set)
    return { rebased: merged.length, dropped: 0, revision: set.revision }
  }

  #later(set: Stored) {
    return set.undo.flatMap(({ kind, name, before }) => {
      const now = this.#store.all(kind.kind).find((each) => each.name === name)
      const pushed = (before?.version ?? 0) + 1
      if (!now || now.version <= pushed) return []
      const { id, version, updated_by: author, at: created_at, note } = now
      const change_set = null
      const deleted = false
      return [{ kind: kind.kind, id, name, version, author, created_at, note, change_set, deleted }]
    })
  }

  #rollBack(set: Stored, request: RollbackRequest, user: string): ChangeSet {
    const later = new Set(this.#later(set).map(({ name }) => name))
    if (later.size > 0 && (request.later_changes ?? 'refuse') === 'refuse') {
      throw new Refusal(409, 'conflict', 'Resources were changed again after the push.')
    }
    const back = this.#make(`Rollback of ${set.name}`, request.note ?? null, user)
    back.rolls_back = set.id
    const skipped = request.later_changes === 'skip' ? later : new Set<string>()
    for (const { kind, name, before } of set.undo.filter((each) => !skipped.has(each.name))) {
      const now = this.#store.all(kind.kind).find((each) => each.name === name)
      this.draft(String(back.id), kind, now ?? name, before, user)
    }
    if (!request.draft_only) {
      this.#push(back, {}, user)
      Object.assign(set, { state: 'rolled_back', rolled_back_by: back.id })
    }
    return shown(back)
  }
}

function touch(set: Stored): void {
  set.revision += 1
  set.drafts = set.list.length
  set.updated_at = iso(Date.now())
}

function settle(set: Stored, state: ChangeSetState, user: string, configuration: number): void {
  const at = iso(Date.now())
  touch(set)
  Object.assign(set, {
    state,
    push_at: null,
    pushed_at: at,
    pushed_by: user,
    configuration_number: configuration,
  })
}

function shown(stored: Stored): ChangeSet {
  const { list: _list, undo: _undo, ...set } = stored
  return set
}

function changeOf({ kind, name, base, write }: Draft) {
  const action = !write ? 'deleted' : base ? 'updated' : 'created'
  const changed: Difference[] = write ? differences(base?.spec ?? {}, write.spec) : []
  return { kind: kind.kind, name, action, differences: changed } as const
}

const money = (revenue: string, cost: string, margin: string): MoneyLine => ({
  revenue,
  cost,
  margin,
})

function line(name: string, calls: number, before: MoneyLine, after: MoneyLine): ReplayLine {
  const changed = Math.round(calls / 4)
  return {
    name,
    calls,
    calls_before: calls,
    calls_after: calls,
    before,
    after,
    below_cost: 0,
    carrier_changed: changed,
    newly_blocked: 0,
    price_changed: 0,
    routes_changed: changed,
  }
}

/** The same traffic for every draft: what a real switch would reckon is not the mock's to know. */
const REPLAY: Replay = {
  calls: 1_840,
  from: '2026-11-20T08:00:00Z',
  to: '2026-11-21T08:00:00Z',
  currency: 'USD',
  routes_changed: 412,
  carrier_changed: 388,
  price_changed: 0,
  routed_before: 1_834,
  routed_after: 1_837,
  newly_routed: 6,
  newly_blocked: 3,
  below_cost: 1,
  unread_decisions: 0,
  blocked_reasons: [{ reason: 'no_route', calls: 3 }],
  before: money('4120.55', '3306.1', '814.45'),
  after: money('4124.9', '3181.35', '943.55'),
  by_carrier: [
    line('aurora', 1_020, money('2305.1', '1870.2', '434.9'), money('1721.4', '1322.9', '398.5')),
    line(
      'borealis',
      640,
      money('1410.25', '1120.3', '289.95'),
      money('1998.3', '1542.85', '455.45'),
    ),
    line('cirrus', 180, money('405.2', '315.6', '89.6'), money('405.2', '315.6', '89.6')),
  ],
  by_customer: [
    line(
      'Cairo Connect',
      900,
      money('2510', '2010.5', '499.5'),
      money('2514.35', '1890.2', '624.15'),
    ),
    line(
      'Baltic Voice',
      940,
      money('1610.55', '1295.6', '314.95'),
      money('1610.55', '1291.15', '319.4'),
    ),
  ],
  by_destination: [
    line(
      'Egypt Mobile Vodafone',
      700,
      money('2210.4', '1890.1', '320.3'),
      money('2214.75', '1765.35', '449.4'),
    ),
  ],
}
