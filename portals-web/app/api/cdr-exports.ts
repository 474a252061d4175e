import { queryOptions } from '@tanstack/react-query'

import type { CdrExport, CdrExportFormat } from './__generated__/schema'
import { api, unwrap } from './client'
import { type CdrFilter, cdrFilterQuery } from './queries'

/** How often is asked while a file is being written. */
const MAKING_MS = 1_000

export const cdrExportsQuery = queryOptions({
  queryKey: ['cdr-exports'],
  queryFn: async ({ signal }) => (await unwrap(api.GET('/api/v1/cdr-exports', { signal }))).items,
  refetchInterval: ({ state }) =>
    state.data?.some((each) => each.state === 'making') ? MAKING_MS : false,
})

/** Asks for a file of the calls that the filters find. */
export function createCdrExport(filter: CdrFilter, format: CdrExportFormat): Promise<CdrExport> {
  const params = { query: cdrFilterQuery(filter) }
  return unwrap(api.POST('/api/v1/cdr-exports', { params, body: { format } }))
}

export async function deleteCdrExport(id: number): Promise<void> {
  await unwrap(api.DELETE('/api/v1/cdr-exports/{id}', { params: { path: { id } } }))
}

/** Where the file is. */
export function cdrExportFile(id: number): string {
  return `/api/v1/cdr-exports/${id}/file`
}
