import { keepPreviousData, queryOptions } from '@tanstack/react-query'

import { withoutUndefined } from '~/util/objects'

import type { ApiKeyCreate, ApiKeySecretShown, AuditVerification } from './__generated__/schema'
import { api, unwrap } from './client'

export const apiKeyPageQuery = (cursor?: string) =>
  queryOptions({
    queryKey: ['api-keys', cursor ?? null],
    queryFn: ({ signal }) => {
      const query = withoutUndefined({ cursor })
      return unwrap(api.GET('/api/v1/api-keys', { params: { query }, signal }))
    },
    placeholderData: keepPreviousData,
  })

/** The answer shows the key; nothing shows it again. */
export async function createApiKey(body: ApiKeyCreate): Promise<ApiKeySecretShown> {
  return unwrap(api.POST('/api/v1/api-keys', { body }))
}

/** Another secret; the old one counts for so many seconds beside it. */
export async function rotateApiKey(id: number, seconds: number): Promise<ApiKeySecretShown> {
  const body = { previous_valid_seconds: seconds }
  return unwrap(api.POST('/api/v1/api-keys/{id}/rotate', { params: { path: { id } }, body }))
}

export async function revokeApiKey(id: number): Promise<void> {
  await unwrap(api.POST('/api/v1/api-keys/{id}/revoke', { params: { path: { id } } }))
}

export interface AuditFilter {
  actor?: string | undefined
  operation?: string | undefined
  kind?: string | undefined
  subject?: string | undefined
  /** RFC 3339. */
  from?: string | undefined
  /** RFC 3339. */
  to?: string | undefined
}

export const auditPageQuery = (filter: AuditFilter, cursor?: string) =>
  queryOptions({
    queryKey: ['audit', filter, cursor ?? null],
    queryFn: ({ signal }) => {
      const query = withoutUndefined({ ...filter, cursor })
      return unwrap(api.GET('/api/v1/audit-entries', { params: { query }, signal }))
    },
    placeholderData: keepPreviousData,
  })

/** Where the whole log is fetched from, with its seal. */
export const AUDIT_EXPORT = '/api/v1/audit-entries/export'

/** Follows the whole chain. */
export async function verifyAudit(): Promise<AuditVerification> {
  return unwrap(api.GET('/api/v1/audit-entries/verify'))
}
