import { useQuery } from '@tanstack/react-query'
import { useRouter, useSearch } from '@tanstack/react-router'
import { Calculator, Plus } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { Rerating } from '~/api/__generated__/schema'
import { reratingPageQuery } from '~/api/reratings'
import { PageHeader } from '~/components/PageHeader'
import { Pager } from '~/components/Pager'
import { ReratingForm } from '~/forms/rerating-form'
import { useFormat } from '~/hooks/use-format'
import { usePages } from '~/hooks/use-pages'
import { usePermission } from '~/hooks/use-permission'
import { useTitle } from '~/hooks/use-title'
import { TimeCell } from '~/table/cells/TimeCell'
import { type Column, DataTable } from '~/table/DataTable'
import { Button } from '~/ui/lib/Button'
import { EmptyState } from '~/ui/lib/EmptyState'
import { NO_VALUE } from '~/util/money'
import { pb } from '~/util/path-builder'

import { ReratingState } from './ReratingState'

/** Calls of the past rated once more: previews, and what was posted. */
export default function ReratingsPage() {
  const { t } = useTranslation(['reratings', 'lists'])
  const router = useRouter()
  const search = useSearch({ from: '/shell/reports/reratings' })
  const { data, error, refetch, isPlaceholderData } = useQuery(reratingPageQuery(search.cursor))
  const pages = usePages(search.cursor, data?.next_cursor)
  const columns = useColumns()
  const canWrite = usePermission('ledger.write')
  const [isAsking, setAsking] = useState(false)
  useTitle(t('title'))
  const create = canWrite ? (
    <Button variant="primary" onClick={() => setAsking(true)}>
      <Plus aria-hidden size={16} strokeWidth={1.75} />
      {t('new')}
    </Button>
  ) : null
  return (
    <div className="flex h-full flex-col">
      <PageHeader title={t('title')} actions={create} />
      <div className="min-h-0 grow bg-surface">
        <DataTable
          label={t('title')}
          columns={columns}
          rows={data?.items}
          rowKey={({ id }) => String(id)}
          rowLink={({ id }) => pb.rerating(id)}
          error={error}
          onRetry={() => void refetch()}
          isOutdated={isPlaceholderData}
          empty={
            <EmptyState icon={Calculator} title={t('empty')} action={create}>
              {t('emptyBody')}
            </EmptyState>
          }
        />
      </div>
      <Pager pages={pages}>
        {data ? t('lists:pager.shown', { count: data.items.length }) : null}
      </Pager>
      {isAsking ? (
        <ReratingForm
          onDone={({ id }) => void router.navigate(pb.rerating(id))}
          onClose={() => setAsking(false)}
        />
      ) : null}
    </div>
  )
}

function useColumns(): Column<Rerating>[] {
  const { t } = useTranslation('reratings')
  const format = useFormat()
  return [
    { id: 'id', header: t('column.id'), width: 88, cell: ({ id }) => id },
    {
      id: 'state',
      header: t('column.state'),
      width: 128,
      cell: ({ state }) => <ReratingState state={state} />,
    },
    {
      id: 'what',
      header: t('column.what'),
      minWidth: 160,
      cell: ({ side, party }) => party ?? t(`side.${side}`),
    },
    {
      id: 'from',
      header: `${t('column.from')} ${format.zoneName}`,
      width: 176,
      cell: ({ from }) => <TimeCell at={from} />,
    },
    {
      id: 'to',
      header: `${t('column.to')} ${format.zoneName}`,
      width: 176,
      cell: ({ to }) => <TimeCell at={to} />,
    },
    {
      id: 'difference',
      header: t('column.difference'),
      width: 140,
      align: 'end',
      cell: ({ outcome }) =>
        outcome ? format.amount(outcome.difference_in_books, 'USD') : NO_VALUE,
    },
    { id: 'author', header: t('column.author'), minWidth: 120, cell: ({ author }) => author },
  ]
}
