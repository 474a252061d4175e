import { keepPreviousData, queryOptions } from '@tanstack/react-query'

import { withoutUndefined } from '~/util/objects'

import type { NettingPay, NettingStatement } from './__generated__/schema'
import { api, unwrap } from './client'

const BASE = '/api/v1/nettings'
const ONE = `${BASE}/{id}` as const

const at = (id: number) => ({ path: { id } })

export const nettingPageQuery = (cursor?: string) =>
  queryOptions({
    queryKey: ['nettings', 'page', cursor ?? null],
    queryFn: ({ signal }) =>
      unwrap(api.GET(BASE, { params: { query: withoutUndefined({ cursor }) }, signal })),
    placeholderData: keepPreviousData,
  })

export const nettingQuery = (id: number) =>
  queryOptions({
    queryKey: ['nettings', 'one', id],
    queryFn: ({ signal }) => unwrap(api.GET(ONE, { params: at(id), signal })),
  })

/** Takes what both owe off both balances. */
export async function confirmNetting(id: number): Promise<NettingStatement> {
  return unwrap(api.POST(`${ONE}/confirm`, { params: at(id) }))
}

/** Posts the payment of the difference. */
export async function payNetting(id: number, body: NettingPay): Promise<NettingStatement> {
  return unwrap(api.POST(`${ONE}/pay`, { params: at(id), body }))
}
