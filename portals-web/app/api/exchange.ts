import { queryOptions } from '@tanstack/react-query'

import type { ExchangeQuotes } from './__generated__/schema'
import { api, unwrap } from './client'

const ONE = '/api/v1/exchange-sources/{id}' as const

/** Most sources that a page shows; a currency has one, so there are few. */
export const SOURCES_SHOWN_MAX = 50

const at = (id: number) => ({ path: { id: String(id) } })

export const sourcesQuery = queryOptions({
  queryKey: ['resources', 'exchange_source', 'shown'],
  queryFn: ({ signal }) =>
    unwrap(
      api.GET('/api/v1/exchange-sources', {
        params: { query: { limit: SOURCES_SHOWN_MAX } },
        signal,
      }),
    ),
})

export const quotesQuery = (id: number) =>
  queryOptions({
    queryKey: ['exchange', 'quotes', id],
    queryFn: ({ signal }) => unwrap(api.GET(`${ONE}/quotes`, { params: at(id), signal })),
  })

/** Reads the source now; the answer says why when it gave nothing. */
export async function refreshSource(id: number): Promise<ExchangeQuotes> {
  return unwrap(api.POST(`${ONE}/refresh`, { params: at(id) }))
}

/** Lets a rate count that has moved far. */
export async function confirmRate(
  id: number,
  currency: string,
  rate: string,
): Promise<ExchangeQuotes> {
  return unwrap(api.POST(`${ONE}/confirm`, { params: at(id), body: { currency, rate } }))
}
