import { queryOptions } from '@tanstack/react-query'

import type {
  BalanceView,
  EntryKind,
  MovementView,
  PaymentCreate,
  PostedEntry,
  StatementView,
} from './__generated__/schema'
import { api, unwrap } from './client'

export type { BalanceView, EntryKind, MovementView, StatementView }

/** Whose books have a page of their own. */
export type Party = 'customers' | 'carriers'

export const balanceQuery = (party: Party, id: number) =>
  queryOptions({
    queryKey: ['ledger', party, id, 'balance'],
    queryFn: ({ signal }) => {
      const params = { path: { id: String(id) } }
      return party === 'customers'
        ? unwrap(api.GET('/api/v1/customers/{id}/balance', { params, signal }))
        : unwrap(api.GET('/api/v1/carriers/{id}/balance', { params, signal }))
    },
  })

/** The movements of the last 31 days. */
export const statementQuery = (party: Party, id: number) =>
  queryOptions({
    queryKey: ['ledger', party, id, 'statement'],
    queryFn: async ({ signal }) => {
      const params = { path: { id: String(id) } }
      const made =
        party === 'customers'
          ? await unwrap(api.GET('/api/v1/customers/{id}/statement', { params, signal }))
          : await unwrap(api.GET('/api/v1/carriers/{id}/statement', { params, signal }))
      return made as StatementView
    },
  })

/** Where the statement is fetched from as a file. */
export const statementFile = (party: Party, id: number) =>
  `/api/v1/${party}/${id}/statement?format=csv`

/** With the same key it is posted once. */
export async function createPayment(body: PaymentCreate, key: string): Promise<PostedEntry> {
  const params = { header: { 'Idempotency-Key': key } }
  return unwrap(api.POST('/api/v1/payments', { params, body }))
}
