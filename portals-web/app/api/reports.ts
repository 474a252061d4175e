import { keepPreviousData, queryOptions } from '@tanstack/react-query'

import { withoutUndefined } from '~/util/objects'
import type { ReportGroup } from '~/util/report-days'

import type { Figures, ReportLine, TrafficReport } from './__generated__/schema'
import { api, unwrap } from './client'

export type { Figures, ReportLine, TrafficReport }

/** What a report is asked for. Empty fields are not asked. */
export interface ReportQuestion {
  from: string
  to: string
  time_zone: string
  group_by: ReportGroup
  of?: 'calls' | 'attempts' | undefined
  compare?: 'previous' | undefined
  customer?: string | undefined
  carrier?: string | undefined
}

export const REPORT_PAGE_SIZE = 100

/** A chart has all of its hours at once. */
export const CHART_SIZE = 1_000

export const reportQuery = (question: ReportQuestion, limit: number, cursor?: string) =>
  queryOptions({
    queryKey: ['reports', question, limit, cursor ?? null],
    queryFn: async ({ signal }) => {
      const query = withoutUndefined({ ...question, limit, cursor })
      const made = await unwrap(api.GET('/api/v1/reports/traffic', { params: { query }, signal }))
      return made as TrafficReport
    },
    placeholderData: keepPreviousData,
  })

/** Where the whole report is fetched from as a file. */
export function reportFile(question: ReportQuestion): string {
  const query = new URLSearchParams({ ...withoutUndefined({ ...question }), format: 'csv' })
  return `/api/v1/reports/traffic?${query}`
}
