import { createHash } from 'node:crypto'

import type {
  ApiKey,
  ApiKeyCreate,
  AuditEntry,
  Invitation,
  InvitationDraft,
  Tenant,
  User,
  UserChange,
  WaitingRegistration,
} from '~/api/__generated__/schema'

import { type Answer, type Call, iso, pageOf } from './call.ts'
import { Refusal } from './refusal.ts'

const HOUR_MS = 3_600_000
const DONE: Answer = { status: 204 }

/** The people, keys and evidence of one user's world. */
export class People {
  #users = users()
  #invitations: Invitation[] = []
  #registrations = registrations()
  #tenants = tenants()
  #keys: ApiKey[] = []

  /** Answers what is about people and access; null for any other path. */
  async answer(call: Call): Promise<Answer | null> {
    switch (call.path[0]) {
      case 'users':
        return this.#user(call)
      case 'invitations':
        return this.#invitation(call)
      case 'registrations':
        return this.#registration(call)
      case 'tenants':
        return this.#tenant(call)
      case 'api-keys':
        return this.#key(call)
      case 'audit-entries':
        return auditOf(call)
      default:
        return null
    }
  }

  async #user({ method, path, query, json }: Call): Promise<Answer> {
    const [, id, part] = path
    if (id === undefined) {
      const [search, status] = [query.get('search') ?? '', query.get('status')]
      const rows = this.#users.filter(
        (each) => each.username.includes(search) && (!status || each.status === status),
      )
      return { status: 200, body: pageOf(rows, query) }
    }
    const found = find(this.#users, id)
    if (part !== undefined) return part === 'password-reset' ? { status: 202 } : DONE
    if (method === 'DELETE') {
      this.#users = this.#users.filter((each) => each !== found)
      return DONE
    }
    if (method === 'PUT') {
      const change = await json<UserChange>()
      const wrong = change.allowed_networks?.findIndex((each) => !/^[\d.:a-f/]+$/.test(each)) ?? -1
      if (wrong !== -1) {
        const message = 'no address and no range in CIDR form'
        throw new Refusal(422, 'invalid', message, {
          errors: [{ field: 'allowed_networks', message }],
        })
      }
      Object.assign(found, change, { updated_at: iso(Date.now()) })
    }
    return { status: 200, body: found }
  }

  async #invitation({ method, path, query, user, json }: Call): Promise<Answer> {
    if (path[1] !== undefined) {
      this.#invitations = this.#invitations.filter(({ id }) => String(id) !== path[1])
      return DONE
    }
    if (method === 'GET') return { status: 200, body: pageOf(this.#invitations, query) }
    const { email, role, full_name = '' } = await json<InvitationDraft>()
    if (this.#users.some((each) => each.email === email)) {
      throw new Refusal(409, 'conflict', 'There is a user with this address.')
    }
    const now = Date.now()
    const made: Invitation = {
      id: this.#invitations.length + 1,
      email,
      role,
      full_name,
      tenant_id: 1,
      invited_by: user,
      created_at: iso(now),
      expires_at: iso(now + 72 * HOUR_MS),
    }
    this.#invitations.push(made)
    return { status: 201, body: made }
  }

  #registration({ method, path, query }: Call): Answer {
    const id = path[1]
    if (method === 'GET' || id === undefined) {
      return { status: 200, body: pageOf(this.#registrations, query) }
    }
    const found = find(this.#registrations, id)
    this.#registrations = this.#registrations.filter((each) => each !== found)
    return DONE
  }

  async #tenant({ method, path, query, json }: Call): Promise<Answer> {
    const [, id, part] = path
    if (id === undefined) {
      if (method === 'GET') return { status: 200, body: pageOf(this.#tenants, query) }
      const { name } = await json<{ name: string }>()
      const made: Tenant = {
        id: this.#tenants.length + 2,
        kind: 'operator',
        name,
        created_at: iso(Date.now()),
        suspended_at: null,
      }
      this.#tenants.push(made)
      return { status: 201, body: made }
    }
    const found = find(this.#tenants, id)
    if (part === 'suspension') {
      found.suspended_at = method === 'PUT' ? iso(Date.now()) : null
      return DONE
    }
    if (part === 'visit') return { status: 200, visit: found.name }
    return { status: 200, body: found }
  }

  async #key({ method, path, query, user, json }: Call): Promise<Answer> {
    const [, id, part] = path
    if (id !== undefined) {
      const found = find(this.#keys, id)
      if (part === 'revoke') {
        Object.assign(found, { state: 'revoked', revoked_at: iso(Date.now()) })
        return { status: 200, body: found }
      }
      found.rotated_at = iso(Date.now())
      return { status: 200, body: { api_key: found, key: `didtron_${'r'.repeat(43)}` } }
    }
    if (method === 'GET') return { status: 200, body: pageOf(this.#keys.toReversed(), query) }
    const draft = await json<ApiKeyCreate>()
    const made: ApiKey = {
      id: this.#keys.length + 1,
      name: draft.name,
      hint: 'didtron_kkkk',
      permissions: draft.permissions,
      networks: draft.networks ?? [],
      made_by: user,
      created_at: iso(Date.now()),
      expires_at: draft.expires_at ?? null,
      last_used_at: null,
      last_used_from: null,
      previous_valid_until: null,
      revoked_at: null,
      rotated_at: null,
      state: 'active',
    }
    this.#keys.push(made)
    return { status: 201, body: { api_key: made, key: `didtron_${'k'.repeat(43)}` } }
  }
}

function find<Row extends { id: number }>(rows: readonly Row[], id: string): Row {
  const found = rows.find((each) => String(each.id) === id)
  if (!found) throw new Refusal(404, 'not-found', `There is none with the number ${id}.`)
  return found
}

function users(): User[] {
  const now = Date.now()
  return ['admin', 'finance', 'support', 'viewer'].map((name, index) => ({
    id: index + 1,
    username: name,
    full_name: ['Ada Byron', 'Grace Hopper', 'Nadia Hassan', 'Tom Reed'][index] ?? '',
    email: `${name}@example.org`,
    email_verified_at: iso(now - 100 * HOUR_MS),
    role: index === 0 ? 'super_admin' : name,
    status: index === 3 ? 'suspended' : 'active',
    allowed_networks: [],
    created_at: iso(now - 200 * HOUR_MS),
    updated_at: iso(now - 100 * HOUR_MS),
    last_sign_in_at: index === 3 ? null : iso(now - index * HOUR_MS),
  }))
}

function registrations(): WaitingRegistration[] {
  const created_at = iso(Date.now() - 2 * HOUR_MS)
  return [
    {
      id: 1,
      kind: 'customer',
      company: 'Nile Voice',
      category: 'Wholesale',
      full_name: 'Omar Said',
      email: 'omar@nile.example',
      created_at,
    },
    {
      id: 2,
      kind: 'carrier',
      company: 'Polar Telecom',
      category: null,
      full_name: 'Kari Lund',
      email: 'kari@polar.example',
      created_at,
    },
  ]
}

function tenants(): Tenant[] {
  const created_at = iso(Date.now() - 500 * HOUR_MS)
  return [
    { id: 2, kind: 'operator', name: 'Delta Operator', created_at, suspended_at: null },
    { id: 3, kind: 'customer', name: 'Cairo Connect', created_at, suspended_at: null },
  ]
}

const ENTRIES: AuditEntry[] = Array.from({ length: 60 }, (_, index) => entry(60 - index))

function entry(sequence: number): AuditEntry {
  const isUpdate = sequence % 3 === 0
  return {
    sequence,
    actor: sequence % 2 === 0 ? 'admin' : 'support',
    impersonator: sequence === 59 ? 'admin' : null,
    user_id: 1,
    api_key_id: null,
    credential: 'session',
    address: '127.0.0.1',
    user_agent: 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0',
    operation: isUpdate ? 'trunk.update' : 'session.begin',
    kind: isUpdate ? 'trunk' : null,
    subject: isUpdate ? 'aurora-fra' : null,
    subject_id: isUpdate ? 7 : null,
    before: isUpdate ? { channel_limit: 30 } : null,
    after: isUpdate ? { channel_limit: 30 + sequence } : null,
    change_set: null,
    configuration: isUpdate ? sequence : null,
    created_at: iso(Date.UTC(2026, 10, 20) + sequence * 60_000),
    hash: hash(sequence),
    previous_hash: hash(sequence - 1),
  }
}

function hash(sequence: number): string {
  return createHash('sha256').update(String(sequence)).digest('hex')
}

function auditOf({ path, query }: Call): Answer {
  if (path[1] === 'verify') {
    const body = {
      holds: true,
      entries: ENTRIES.length,
      broken: null,
      anchor_sequence: 0,
      head_sequence: ENTRIES.length,
      head_hash: hash(ENTRIES.length),
      public_key: hash(-1),
    }
    return { status: 200, body }
  }
  if (path[1] === 'export') {
    const body = ENTRIES.map((each) => JSON.stringify(each)).join('\n')
    return { status: 200, body, type: 'application/x-ndjson' }
  }
  const matching = ENTRIES.filter((each) =>
    (['actor', 'operation', 'kind', 'subject'] as const).every(
      (name) => (query.get(name) ?? each[name]) === each[name],
    ),
  )
  const { items, next_cursor } = pageOf(
    matching.map((each) => ({ ...each, id: each.sequence })),
    query,
  )
  return { status: 200, body: { items, next_cursor } }
}
