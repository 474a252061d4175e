import { useQuery } from '@tanstack/react-query'
import { useSearch } from '@tanstack/react-router'
import { ArrowLeftRight } from 'lucide-react'
import { useTranslation } from 'react-i18next'

import type { NettingStatement } from '~/api/__generated__/schema'
import { nettingPageQuery } from '~/api/nettings'
import { PageHeader } from '~/components/PageHeader'
import { Pager } from '~/components/Pager'
import { useFormat } from '~/hooks/use-format'
import { usePages } from '~/hooks/use-pages'
import { useTitle } from '~/hooks/use-title'
import { TimeCell } from '~/table/cells/TimeCell'
import { type Column, DataTable } from '~/table/DataTable'
import { EmptyState } from '~/ui/lib/EmptyState'
import { NO_VALUE } from '~/util/money'
import { pb } from '~/util/path-builder'

import { NettingState } from './NettingState'

/** What companies that are customers and carriers owe and are owed, by period. */
export default function NettingsPage() {
  const { t } = useTranslation(['nettings', 'lists'])
  const search = useSearch({ from: '/shell/reports/nettings' })
  const { data, error, refetch, isPlaceholderData } = useQuery(nettingPageQuery(search.cursor))
  const pages = usePages(search.cursor, data?.next_cursor)
  const columns = useColumns()
  useTitle(t('title'))
  return (
    <div className="flex h-full flex-col">
      <PageHeader title={t('title')} />
      <div className="min-h-0 grow bg-surface">
        <DataTable
          label={t('title')}
          columns={columns}
          rows={data?.items}
          rowKey={({ id }) => String(id)}
          rowLink={({ id }) => pb.netting(id)}
          error={error}
          onRetry={() => void refetch()}
          isOutdated={isPlaceholderData}
          empty={
            <EmptyState icon={ArrowLeftRight} title={t('empty')}>
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

function useColumns(): Column<NettingStatement>[] {
  const { t } = useTranslation('nettings')
  const format = useFormat()
  const amounts = (['they_owe', 'we_owe', 'difference'] as const).map((id) => ({
    id,
    header: t(`column.${id}`),
    width: 132,
    align: 'end' as const,
    cell: (row: NettingStatement) => format.amount(row[id], row.currency),
  }))
  return [
    { id: 'id', header: t('column.id'), width: 80, cell: ({ id }) => id },
    {
      id: 'state',
      header: t('column.state'),
      width: 152,
      cell: (row) => <NettingState {...row} />,
    },
    {
      id: 'customer',
      header: t('column.customer'),
      minWidth: 140,
      cell: ({ customer }) => customer ?? NO_VALUE,
    },
    {
      id: 'from',
      header: `${t('column.from')} ${format.zoneName}`,
      width: 168,
      cell: ({ from }) => <TimeCell at={from} />,
    },
    {
      id: 'to',
      header: `${t('column.to')} ${format.zoneName}`,
      width: 168,
      cell: ({ to }) => <TimeCell at={to} />,
    },
    ...amounts,
    { id: 'currency', header: t('column.currency'), width: 80, cell: ({ currency }) => currency },
    { id: 'payer', header: t('column.payer'), width: 120, cell: (row) => <Payer {...row} /> },
  ]
}

/** Who pays the difference. */
function Payer({ payer }: Pick<NettingStatement, 'payer'>) {
  const { t } = useTranslation('nettings')
  if (payer === null) return NO_VALUE
  return t(payer === 'customer' ? 'payer.customer' : 'payer.us')
}
