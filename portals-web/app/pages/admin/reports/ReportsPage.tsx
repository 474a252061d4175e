import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { ChartColumn, Download } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { REPORT_PAGE_SIZE, reportFile, type ReportQuestion, reportQuery } from '~/api/reports'
import { PageHeader } from '~/components/PageHeader'
import { Pager } from '~/components/Pager'
import { ReportFilters } from '~/forms/report-filters'
import { useFormat } from '~/hooks/use-format'
import { usePages } from '~/hooks/use-pages'
import { useTitle } from '~/hooks/use-title'
import { DataTable } from '~/table/DataTable'
import { buttonClass } from '~/ui/lib/Button'
import { EmptyState } from '~/ui/lib/EmptyState'
import { chartGroup, DEFAULT_DAYS, groupAsked, reportDays, zoneName } from '~/util/report-days'
import type { ReportsSearch } from '~/util/searches'

import { useReportColumns } from './report-columns'
import { ReportChart } from './ReportChart'
import { ReportFigures } from './ReportFigures'

/** What calls and attempts came to: figures, a chart over time, and lines by what is asked for. */
export default function ReportsPage() {
  const { t } = useTranslation(['reports', 'lists'])
  useTitle(t('title'))
  const search = useSearch({ from: '/shell/reports' })
  const navigate = useNavigate({ from: '/reports' })
  const question = useQuestion(search)
  const { data, error, refetch, isPlaceholderData } = useQuery(
    reportQuery(question, REPORT_PAGE_SIZE, search.cursor),
  )
  const pages = usePages(search.cursor, data?.next_cursor)
  const columns = useReportColumns(question.group_by, data)
  const days = Number(search.days ?? DEFAULT_DAYS)
  const change = (part: Partial<ReportsSearch>) =>
    void navigate({ search: (before) => ({ ...before, ...part, cursor: undefined }) })
  const nothing = data?.totals.seizures === 0 && !data.previous_totals?.seizures

  return (
    <div className="flex h-full flex-col">
      <PageHeader
        title={t('title')}
        actions={
          <a href={reportFile(question)} download className={buttonClass()}>
            <Download aria-hidden size={16} strokeWidth={1.75} />
            {t('csv')}
          </a>
        }
      />
      <div className="flex min-h-11 shrink-0 items-center border-b border-line bg-surface px-5 py-2">
        <ReportFilters search={search} onChange={change} />
      </div>
      {data?.filling ? (
        <p role="status" className="border-b border-line bg-surface px-5 py-2 text-warning">
          {t('filling', data.filling)}
        </p>
      ) : null}
      {data ? <ReportFigures report={data} /> : null}
      {data && !nothing ? (
        <ReportChart
          question={{
            ...question,
            of: data.of,
            group_by: chartGroup(question.group_by, days),
          }}
        />
      ) : null}
      <div className="min-h-60 grow bg-surface">
        <DataTable
          label={t('title')}
          columns={columns}
          rows={nothing ? [] : data?.items}
          rowKey={({ start, id, name }) => start ?? `${id ?? ''}/${name ?? ''}`}
          error={error}
          onRetry={() => void refetch()}
          isOutdated={isPlaceholderData}
          empty={
            <EmptyState icon={ChartColumn} title={t('empty')}>
              {t('emptyBody')}
            </EmptyState>
          }
        />
      </div>
      <Pager pages={pages}>
        {data ? t('lists:pager.shown', { count: data.items.length }) : null}
      </Pager>
    </div>
  )
}

/** What the API is asked. Today is that of when the page was opened, so pages fit together. */
function useQuestion(search: ReportsSearch): ReportQuestion {
  const { zone } = useFormat()
  const [openedMs] = useState(() => Date.now())
  const time_zone = zoneName(zone)
  const days = Number(search.days ?? DEFAULT_DAYS)
  return {
    ...reportDays(days, time_zone, openedMs),
    time_zone,
    group_by: groupAsked(search.by ?? 'day', days),
    compare: search.compare,
    customer: search.customer,
    carrier: search.carrier,
  }
}
