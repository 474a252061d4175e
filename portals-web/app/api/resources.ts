import { keepPreviousData, queryOptions } from '@tanstack/react-query'

import type { JsonObject } from '~/util/json-path'
import { targetOf } from '~/util/target'

import type {
  Assignment,
  BulkEdit,
  CustomerPage,
  CustomerResource,
  CustomerWrite,
  DraftedResult,
  paths,
  PushResult,
} from './__generated__/schema'
import { api, unwrap } from './client'
import type { Kind } from './kinds'

/**
 * Resources of any kind. The API gives all kinds the same operations with the same shapes, apart
 * from the spec, which the kind's schema describes at run time. The customer's types stand for all
 * of them; only its spec is not believed.
 */

export type Resource = Omit<CustomerResource, 'kind' | 'spec'> & { kind: string; spec: JsonObject }
export type ResourcePage = Omit<CustomerPage, 'items'> & { items: Resource[] }
/** A resource as it shall be. */
export type ResourceWrite = Omit<CustomerWrite, 'spec'> & {
  spec: JsonObject
  /** The deck of a rate card, as CSV. */
  rates_csv?: string
}
/** A merge patch of many. */
export interface BulkChange {
  /** Some by name, or all that a list with these parameters finds. */
  target: { names: string[] } | { filter: Record<string, string> }
  change: { spec: JsonObject } | { assign: JsonObject } | { delete: true }
  note?: string
}
export type { Assignment, Kind, PushResult }

/** What a list is asked for: `sort`, `q`, `limit`, and the kind's own filters. */
export type ListParameters = Record<string, string>

export const PAGE_SIZE = 50

export const resourcePageQuery = (
  { kind, plural }: Pick<Kind, 'kind' | 'plural'>,
  parameters: ListParameters,
  cursor?: string,
) =>
  queryOptions({
    queryKey: ['resources', kind, 'page', parameters, cursor ?? null],
    queryFn: async ({ signal }): Promise<ResourcePage> => {
      const query = { limit: PAGE_SIZE, ...parameters, ...(cursor ? { cursor } : {}) }
      const path = at(plural, '/api/v1/customers')
      return (await unwrap(
        api.GET(path, { params: { query: query as object }, signal }),
      )) as ResourcePage
    },
    placeholderData: keepPreviousData,
  })

/** Names that begin with what is typed, for pickers. */
export const namesQuery = (plural: string, typed: string, limit = 20) =>
  queryOptions({
    queryKey: ['resources', plural, 'names', typed, limit],
    queryFn: async ({ signal }): Promise<string[]> => {
      const query = { limit, ...(typed ? { q: typed } : {}) }
      const path = at(plural, '/api/v1/customers')
      const { items } = await unwrap(api.GET(path, { params: { query }, signal }))
      return items.map(({ name }) => name)
    },
    staleTime: 10_000,
    placeholderData: keepPreviousData,
  })

export const resourceQuery = ({ kind, plural }: Pick<Kind, 'kind' | 'plural'>, id: string) =>
  queryOptions({
    queryKey: ['resources', kind, 'one', id],
    queryFn: async ({ signal }): Promise<Resource> => {
      const path = at(plural, '/api/v1/customers/{id}')
      return (await unwrap(api.GET(path, { params: { path: { id } }, signal }))) as Resource
    },
    // A form holds what is shown: it must not change under the hands.
    staleTime: Infinity,
    gcTime: 0,
  })

export const versionsQuery = (plural: string, id: number, cursor?: string) =>
  queryOptions({
    queryKey: ['resources', plural, 'versions', id, cursor ?? null],
    queryFn: ({ signal }) => {
      const query = cursor ? { cursor } : {}
      const path = at(plural, '/api/v1/customers/{id}/versions')
      return unwrap(api.GET(path, { params: { path: { id: String(id) }, query }, signal }))
    },
    placeholderData: keepPreviousData,
  })

export const comparisonQuery = (plural: string, id: number, from: number, to: number) =>
  queryOptions({
    queryKey: ['resources', plural, 'comparison', id, from, to],
    queryFn: ({ signal }) => {
      const path = at(plural, '/api/v1/customers/{id}/compare')
      const params = { path: { id: String(id) }, query: { from, to } }
      return unwrap(api.GET(path, { params, signal }))
    },
    // A version is written once and never changed.
    staleTime: Infinity,
  })

export const beneficiariesQuery = (plural: string, id: number, cursor?: string) =>
  queryOptions({
    queryKey: ['resources', plural, 'beneficiaries', id, cursor ?? null],
    queryFn: ({ signal }) => {
      const query = cursor ? { cursor } : {}
      const path = at(plural, '/api/v1/rate-cards/{id}/assignment/customers', 'rate-cards')
      return unwrap(api.GET(path, { params: { path: { id: String(id) }, query }, signal }))
    },
    placeholderData: keepPreviousData,
  })

export const entitlementsQuery = (id: number) =>
  queryOptions({
    queryKey: ['resources', 'customers', 'entitlements', id],
    queryFn: ({ signal }) => {
      const params = { path: { id: String(id) } }
      return unwrap(api.GET('/api/v1/customers/{id}/entitlements', { params, signal }))
    },
  })

export async function createResource(plural: string, body: ResourceWrite): Promise<Resource> {
  const path = at(plural, '/api/v1/customers')
  return (await unwrap(api.POST(path, { body: body as unknown as CustomerWrite }))) as Resource
}

/** Changes the version that was seen; another one is 412. */
export async function updateResource(
  plural: string,
  { id, version }: Pick<Resource, 'id' | 'version'>,
  body: ResourceWrite,
): Promise<Resource> {
  const path = at(plural, '/api/v1/customers/{id}')
  const params = { path: { id: String(id) }, header: { 'If-Match': `"${version}"` } }
  return (await unwrap(
    api.PUT(path, { params, body: body as unknown as CustomerWrite }),
  )) as Resource
}

/** Puts what a resource shall be into a change set; nothing is in force before its push. */
export async function draftResource(
  plural: string,
  changeSet: number,
  /** The version that was seen, or the name of a draft of what is not in force; null when new. */
  before: Pick<Resource, 'id' | 'version'> | string | null,
  body: ResourceWrite,
): Promise<DraftedResult> {
  const write = body as unknown as CustomerWrite
  const query = { change_set: changeSet }
  if (before === null) {
    const path = at(plural, '/api/v1/customers')
    return (await unwrap(api.POST(path, { params: { query }, body: write }))) as DraftedResult
  }
  const path = at(plural, '/api/v1/customers/{id}')
  const isDraftOnly = typeof before === 'string'
  const id = isDraftOnly ? targetOf(before) : String(before.id)
  const header = { 'If-Match': isDraftOnly ? '*' : `"${before.version}"` }
  const params = { path: { id }, header, query }
  return (await unwrap(api.PUT(path, { params, body: write }))) as DraftedResult
}

export async function deleteResource(
  plural: string,
  { id, version }: Pick<Resource, 'id' | 'version'>,
  /** With it the resource goes when this change set is pushed. */
  changeSet?: number,
): Promise<void> {
  const path = at(plural, '/api/v1/customers/{id}')
  const query = changeSet === undefined ? {} : { change_set: changeSet }
  const params = { path: { id: String(id) }, header: { 'If-Match': `"${version}"` }, query }
  await unwrap(api.DELETE(path, { params }))
}

/** Makes a version the newest when the newest is still the one that was seen. */
export async function rollBack(
  plural: string,
  { id, version: seen }: Pick<Resource, 'id' | 'version'>,
  version: number,
  note?: string,
): Promise<Resource> {
  const path = at(plural, '/api/v1/customers/{id}/rollback')
  const body = note ? { version, note } : { version }
  const params = { path: { id: String(id) }, header: { 'If-Match': `"${seen}"` } }
  return (await unwrap(api.POST(path, { params, body }))) as Resource
}

export async function bulkEdit(
  plural: string,
  edit: BulkChange,
  /** With it the changes are drafts of this change set. */
  changeSet?: number,
): Promise<PushResult | DraftedResult> {
  const path = at(plural, '/api/v1/customers/bulk')
  const { target, change, note } = edit
  // What is not changed is left out; the generated type wants the default of `delete`, too.
  const body = { ...target, ...change, ...(note ? { note } : {}) } as BulkEdit
  const query = changeSet === undefined ? {} : { change_set: changeSet }
  return unwrap(api.POST(path, { params: { query }, body }))
}

/** A table or documents as they were written. */
export async function importResources(
  plural: string,
  text: string,
  type: 'text/csv' | 'application/yaml',
): Promise<PushResult> {
  const path = at(plural, '/api/v1/customers/import')
  const headers = { 'Content-Type': type }
  const answer = await unwrap(api.POST(path, { body: text, bodySerializer: String, headers }))
  return answer as PushResult
}

/** Where a file of all that a list finds is fetched from. */
export function exportAddress(
  plural: string,
  parameters: ListParameters,
  format: 'csv' | 'yaml',
): string {
  const query = new URLSearchParams({ ...parameters, format })
  return `/api/v1/${plural}/export?${query.toString()}`
}

/** A path of one kind, for another. */
function at<Path extends keyof paths>(plural: string, path: Path, kind = 'customers'): Path {
  return path.replace(kind, plural) as Path
}
