import { keepPreviousData, queryOptions } from '@tanstack/react-query'

import type { ExchangeReport } from './__generated__/schema'
import { api, unwrap } from './client'

const PATH = '/api/v1/reports/exchange'

/** What exchange rates did to the balances of a month, such as `2026-10`. */
export const exchangeReportQuery = (month: string) =>
  queryOptions({
    queryKey: ['ledger', 'exchange-report', month],
    queryFn: async ({ signal }) =>
      (await unwrap(api.GET(PATH, { params: { query: { month } }, signal }))) as ExchangeReport,
    placeholderData: keepPreviousData,
  })

export const exchangeReportFile = (month: string) => `${PATH}?format=csv&month=${month}`
