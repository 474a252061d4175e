import { useQuery } from '@tanstack/react-query'
import { Download, Scale } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { ExchangeReport } from '~/api/__generated__/schema'
import { exchangeReportFile, exchangeReportQuery } from '~/api/exchange-report'
import { ErrorNotice } from '~/components/ErrorNotice'
import { PageHeader } from '~/components/PageHeader'
import { useFormat } from '~/hooks/use-format'
import { useTitle } from '~/hooks/use-title'
import { buttonClass } from '~/ui/lib/Button'
import { EmptyState } from '~/ui/lib/EmptyState'
import { Field, Select } from '~/ui/lib/Field'
import { Panel } from '~/ui/lib/Panel'
import { PlainTable } from '~/ui/lib/PlainTable'
import { Skeleton } from '~/ui/lib/Skeleton'
import { NO_VALUE } from '~/util/money'
import { recentMonths } from '~/util/recent-months'

/** What exchange rates did to balances in other currencies up to the end of a month. */
export default function ExchangeReportPage() {
  const { t } = useTranslation('exchangeReport')
  const [months] = useState(() => recentMonths(new Date()))
  const [month, setMonth] = useState(months[1] ?? '')
  const { data, error, refetch } = useQuery(exchangeReportQuery(month))
  useTitle(t('title'))
  return (
    <>
      <PageHeader
        title={t('title')}
        actions={
          <a href={exchangeReportFile(month)} download className={buttonClass()}>
            <Download aria-hidden size={16} strokeWidth={1.75} />
            {t('download')}
          </a>
        }
      />
      <div className="flex flex-col gap-4 p-5">
        <div className="max-w-48">
          <Field label={t('month')}>
            {(control) => (
              <Select {...control} value={month} onChange={(event) => setMonth(event.target.value)}>
                {months.map((each) => (
                  <option key={each}>{each}</option>
                ))}
              </Select>
            )}
          </Field>
        </div>
        {error && !data ? <ErrorNotice error={error} onRetry={() => void refetch()} /> : null}
        {!data && !error ? <Skeleton className="h-64" /> : null}
        {data ? <Report report={data} /> : null}
      </div>
    </>
  )
}

function Report({ report }: { report: ExchangeReport }) {
  const { t } = useTranslation('exchangeReport')
  const format = useFormat()
  if (report.lines.length === 0) {
    return (
      <EmptyState icon={Scale} title={t('none')}>
        {t('noneBody')}
      </EmptyState>
    )
  }
  const numbers = {
    booked: (row: Row) => format.amount(row.closing.in_books, 'USD'),
    rate: (row: Row) => row.rate ?? NO_VALUE,
    revalued: (row: Row) => format.amount(row.revalued, 'USD'),
    difference: (row: Row) => format.amount(row.difference, 'USD'),
  }
  const columns = (['booked', 'rate', 'revalued', 'difference'] as const).map((id) => ({
    id,
    header: t(id),
    align: 'end' as const,
    cell: numbers[id],
  }))
  const amounts = (['opening', 'moved', 'closing'] as const).map((id) => ({
    id,
    header: t(id),
    align: 'end' as const,
    cell: (line: ExchangeReport['lines'][number]) => format.amount(line[id].amount, line.currency),
  }))
  return (
    <>
      {report.is_over ? null : <p role="status">{t('upToNow')}</p>}
      <p>
        {t('total')}: <strong>{format.money(report.difference, 'USD')}</strong>
      </p>
      <Panel title={t('balances')} padded={false}>
        <PlainTable
          label={t('balances')}
          rows={report.lines}
          rowKey={({ kind, id, currency }) => `${kind}/${id}/${currency}`}
          columns={[
            { id: 'name', header: t('name'), cell: ({ name, id }) => name ?? id },
            {
              id: 'kind',
              header: t('party'),
              cell: ({ kind }) => t(kind === 'customer' ? 'kind.customer' : 'kind.carrier'),
            },
            { id: 'currency', header: t('currency'), cell: ({ currency }) => currency },
            ...amounts,
            ...columns,
          ]}
        />
      </Panel>
      <Panel title={t('currencies')} padded={false}>
        <PlainTable
          label={t('currencies')}
          rows={report.currencies}
          rowKey={({ currency }) => currency}
          columns={[
            { id: 'currency', header: t('currency'), cell: ({ currency }) => currency },
            {
              id: 'closing',
              header: t('closing'),
              align: 'end',
              cell: ({ closing, currency }) => format.amount(closing.amount, currency),
            },
            ...columns,
          ]}
        />
      </Panel>
    </>
  )
}

type Row = Pick<
  ExchangeReport['currencies'][number],
  'closing' | 'rate' | 'revalued' | 'difference'
>
