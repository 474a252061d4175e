import type {
  BeneficiaryPage,
  BulkEdit,
  EntitlementList,
  Level,
  PushResult,
} from '~/api/__generated__/schema'
import type { Assignment, Kind, Resource, ResourcePage, ResourceWrite } from '~/api/resources'
import { isObject, type Json, type JsonObject } from '../app/util/json-path.ts'

import type { ChangeSets } from './change-sets.ts'
import { Refusal } from './refusal.ts'
import { differences, type ResourceStore } from './resource-store.ts'

/** What a request about resources needs. */
export interface ResourceCall {
  method: string
  /** After `/api/v1/`, its parts. */
  path: string[]
  query: URLSearchParams
  ifMatch: string | undefined
  author: string
  canWrite: boolean
  json: () => Promise<unknown>
  text: () => Promise<string>
  contentType: string
  /** Where drafts go, when the request names a change set. */
  changeSets: ChangeSets
}

export interface ResourceAnswer {
  status: number
  body: unknown
  type?: string
  headers?: Record<string, string>
}

type Found = ReturnType<ResourceStore['find']>

/** Answers what is about resources of a kind; null for any other path. */
export async function answerResource(
  store: ResourceStore,
  call: ResourceCall,
): Promise<ResourceAnswer | null> {
  const [plural, target, part, more] = call.path
  const kind = store.kinds.find((each) => each.plural === plural)
  if (!kind) return null
  if (call.method !== 'GET' && !call.canWrite) {
    throw new Refusal(403, 'forbidden', `This needs the permission \`${kind.kind}.write\`.`)
  }
  if (target === undefined) return answerList(store, kind, call)
  if (target === 'bulk') return { status: 200, body: bulk(store, kind, call, await call.json()) }
  if (target === 'import') return { status: 200, body: await importTable(store, kind, call) }
  if (target === 'export') return exportAll(store, kind, call)
  const drafted = part === undefined ? await answerDraft(store, kind, call, target) : null
  if (drafted) return drafted
  const found = store.find(kind.kind, decodeURIComponent(target))
  if (part === undefined) return answerOne(store, kind, call, found)
  return { status: 200, body: answerPart(store, kind, found, part, more, call, await jsonOf(call)) }
}

const jsonOf = (call: ResourceCall) => (call.method === 'POST' ? call.json() : null)

async function answerList(
  store: ResourceStore,
  kind: Kind,
  call: ResourceCall,
): Promise<ResourceAnswer> {
  if (call.method === 'GET') return { status: 200, body: listed(store, kind, call.query) }
  const write = (await call.json()) as ResourceWrite
  const set = call.query.get('change_set')
  if (set !== null) {
    const body = call.changeSets.draft(set, kind, write.name, write, call.author)
    return { status: 202, body }
  }
  return { status: 201, body: shown(store.create(kind, write, call.author)) }
}

/** A change that goes into a change set; null for any other. */
async function answerDraft(
  store: ResourceStore,
  kind: Kind,
  { method, query, ifMatch, author, changeSets, json }: ResourceCall,
  path: string,
): Promise<ResourceAnswer | null> {
  const set = query.get('change_set')
  if (set === null || method === 'GET') return null
  const name = decodeURIComponent(path).replace(/^name:/, '')
  const isDraftOnly = ifMatch === '*' && changeSets.hasDraft(set, kind, name)
  const target = isDraftOnly ? name : store.find(kind.kind, decodeURIComponent(path))
  const write = method === 'DELETE' ? null : ((await json()) as ResourceWrite)
  return { status: 202, body: changeSets.draft(set, kind, target, write, author) }
}

async function answerOne(
  store: ResourceStore,
  kind: Kind,
  call: ResourceCall,
  found: Found,
): Promise<ResourceAnswer> {
  if (call.method === 'GET') return { status: 200, body: shown(found) }
  const wanted = call.ifMatch?.replaceAll('"', '')
  if (wanted === undefined) throw new Refusal(428, 'if-match-missing', 'If-Match is missing.')
  if (wanted !== '*' && Number(wanted) !== found.version) {
    throw new Refusal(412, 'version-changed', `The resource has version ${found.version}.`)
  }
  if (call.method === 'DELETE') {
    store.delete(found, call.author)
    return { status: 204, body: null }
  }
  const write = (await call.json()) as ResourceWrite
  return { status: 200, body: shown(store.update(kind, found, write, call.author)) }
}

function answerPart(
  store: ResourceStore,
  kind: Kind,
  found: Found,
  part: string,
  more: string | undefined,
  { query, author }: ResourceCall,
  body: unknown,
): unknown {
  if (part === 'versions' && more !== undefined) return store.version(found.id, Number(more))
  if (part === 'versions') return versionPage(store, found.id, query)
  if (part === 'compare') {
    const [from, to] = [Number(query.get('from')), Number(query.get('to') ?? found.version)]
    const whole = (number: number): JsonObject => {
      const { name, spec, assign } = store.version(found.id, number)
      return { name, ...spec, assign: (assign.all ? null : (assign as Json)) ?? null }
    }
    return { from, to, differences: differences(whole(from), whole(to)) }
  }
  if (part === 'rollback') {
    const { version, note } = body as { version: number; note?: string }
    const { name, external_id, spec, assign } = store.version(found.id, version)
    const write = { name, external_id, spec, assign, note: note ?? `Rolled back to ${version}` }
    return shown(store.update(kind, found, write, author))
  }
  if (part === 'assignment') return beneficiaries(store, found, query)
  if (part === 'entitlements') return entitlements(store, found)
  throw new Refusal(404, 'not-found', 'There is no such path.')
}

function listed(store: ResourceStore, kind: Kind, query: URLSearchParams): ResourcePage {
  const matching = selected(store, kind, query)
  const limit = Number(query.get('limit') ?? 50)
  const start = matching.findIndex(({ id }) => String(id) === query.get('cursor')) + 1
  const shownRows = matching.slice(start, start + limit)
  const last = shownRows.at(-1)
  return {
    items: shownRows.map(shown),
    next_cursor: start + limit < matching.length && last ? String(last.id) : null,
    total: matching.length,
  }
}

function selected(store: ResourceStore, kind: Kind, query: URLSearchParams): Found[] {
  const words = (query.get('q') ?? '').toLowerCase().split(/\s+/).filter(Boolean)
  const filters = kind.filter_fields.flatMap((field) => {
    const wanted = query.get(field)
    return wanted === null ? [] : [[field, wanted] as const]
  })
  const sort = query.get('sort') ?? 'name'
  const field = sort.replace(/^-/, '')
  const key = (each: Found): string =>
    field === 'name' || field === 'updated_at' || field === 'created_at'
      ? each[field]
      : String(each.spec[field] ?? '')
  return store
    .all(kind.kind)
    .filter((each) =>
      filters.every(([name, wanted]) => {
        const value = each.spec[name] ?? kind.schema.properties?.[name]?.default
        return Array.isArray(value) ? value.includes(wanted) : String(value) === wanted
      }),
    )
    .filter((each) => {
      const text = `${each.name} ${JSON.stringify(Object.values(each.spec))}`.toLowerCase()
      const found = text.split(/[^\p{L}\p{N}]+/u)
      return words.every((word) => found.some((own) => own.startsWith(word)))
    })
    .toSorted((a, b) => key(a).localeCompare(key(b)) * (sort.startsWith('-') ? -1 : 1))
}

function bulk(store: ResourceStore, kind: Kind, call: ResourceCall, body: unknown): PushResult {
  const edit = body as BulkEdit
  const rows = edit.names
    ? edit.names.map((name) => store.find(kind.kind, `name:${name}`))
    : selected(store, kind, new URLSearchParams(edit.filter ?? {}))
  const changes = rows.map((row): PushResult['changes'][number] => {
    const { kind: kindName, name } = row
    if (edit.delete) {
      store.delete(row, call.author)
      return { kind: kindName, name, action: 'deleted', differences: [] }
    }
    const spec = patched(row.spec, (edit.spec ?? {}) as JsonObject)
    const changed = differences(row.spec, spec)
    if (changed.length > 0) store.update(kind, row, { ...row, spec }, call.author)
    const action = changed.length > 0 ? 'updated' : 'unchanged'
    return { kind: kindName, name, action, differences: changed }
  })
  return { snapshot_number: store.snapshotNumber, changes }
}

/** RFC 7396. */
function patched(target: JsonObject, patch: JsonObject): JsonObject {
  const result = { ...target }
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else {
      const inner = result[key]
      result[key] = isObject(value) && isObject(inner) ? patched(inner, value) : value
    }
  }
  return result
}

/** As much of a table as the tests write: a header of fields, numbers as numbers. */
async function importTable(
  store: ResourceStore,
  kind: Kind,
  call: ResourceCall,
): Promise<PushResult> {
  const [header = '', ...lines] = (await call.text()).trim().split('\n')
  const names = header.split(',')
  const rows = lines.map((line) =>
    Object.fromEntries(line.split(',').map((cell, at) => [names[at] ?? '', cell.trim()])),
  )
  const wrong = rows.findIndex(({ name }) => !name)
  if (call.contentType !== 'text/csv' || wrong !== -1) {
    throw new Refusal(422, 'invalid', 'Nothing was imported: the table cannot be read.', {
      errors: [{ line: wrong + 2, field: 'name', message: 'a row needs a name' }],
    })
  }
  const changes = rows.map(({ name = '', ...cells }) => {
    const spec = Object.fromEntries(
      Object.entries(cells).map(([field, cell]) => [
        field,
        /^\d+$/.test(cell) ? Number(cell) : cell,
      ]),
    )
    return store.change(kind.kind, name, spec, false)
  })
  return { snapshot_number: store.snapshotNumber, changes }
}

function exportAll(store: ResourceStore, kind: Kind, { query }: ResourceCall): ResourceAnswer {
  const isYaml = query.get('format') === 'yaml'
  const rows = selected(store, kind, query)
  const text = isYaml
    ? rows.map(({ name }) => `---\nkind: ${kind.kind}\nname: ${name}\n`).join('')
    : ['name', ...rows.map(({ name }) => name)].join('\n')
  return {
    status: 200,
    body: text,
    type: isYaml ? 'application/yaml' : 'text/csv',
    headers: {
      'content-disposition': `attachment; filename="${kind.plural}.${isYaml ? 'yaml' : 'csv'}"`,
    },
  }
}

const VERSIONS_PAGE = 20

function versionPage(store: ResourceStore, id: number, query: URLSearchParams) {
  const before = Number(query.get('cursor') ?? Number.MAX_SAFE_INTEGER)
  const all = store.versions(id).filter(({ version }) => version < before)
  const page = all.slice(0, VERSIONS_PAGE)
  return {
    items: page.map((each) => ({
      version: each.version,
      configuration_number: each.configuration,
      name: each.name,
      author: each.updated_by,
      created_at: each.at,
      note: each.note,
      change_set: null,
      deleted: each.deleted,
    })),
    next_cursor: all.length > VERSIONS_PAGE ? String(page.at(-1)?.version) : null,
  }
}

/** Why a customer gets something, by what its assignment says; null when it does not. */
function levelOf(assign: Assignment, customer: Found): Level | null {
  const { category, group } = customer.spec
  if (assign.customers?.includes(customer.name)) return 'customer'
  if (typeof group === 'string' && assign.groups?.includes(group)) return 'group'
  if (typeof category === 'string' && assign.categories?.includes(category)) return 'category'
  return assign.all ? 'all' : null
}

function beneficiaries(
  store: ResourceStore,
  found: Found,
  query: URLSearchParams,
): BeneficiaryPage {
  const all = store.all('customer').flatMap((customer) => {
    const level = levelOf(found.assign, customer)
    return level ? [{ name: customer.name, level }] : []
  })
  const limit = Number(query.get('limit') ?? 50)
  const start = all.findIndex(({ name }) => name === query.get('cursor')) + 1
  const items = all.slice(start, start + limit)
  const hasMore = start + limit < all.length
  return { items, total: all.length, next_cursor: hasMore ? (items.at(-1)?.name ?? null) : null }
}

const LEVELS: readonly Level[] = ['named', 'customer', 'group', 'category', 'all']

function entitlements(store: ResourceStore, customer: Found): EntitlementList {
  const kinds = store.kinds.filter(({ assignable }) => assignable !== 'no')
  const items = kinds.flatMap(({ kind, assignable }) => {
    const found = store
      .all(kind)
      .flatMap(({ name, assign }) => {
        const level = customer.spec[kind] === name ? 'named' : levelOf(assign, customer)
        return level ? [{ name, level }] : []
      })
      .toSorted((a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level))
    const isOne = assignable === 'one'
    const entries = found.map((each, at) => ({ ...each, is_effective: !isOne || at === 0 }))
    return entries.length > 0 ? [{ kind, one_only: isOne, items: entries }] : []
  })
  return { items }
}

function shown(found: Found): Resource {
  const { kind, id, name, external_id, version, assign, spec, ...rest } = found
  const { created_at, updated_at, updated_by } = rest
  return {
    kind,
    id,
    name,
    external_id,
    version,
    assign,
    spec,
    created_at,
    updated_at,
    updated_by,
  }
}
