import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Users } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { beneficiariesQuery, type Kind, type Resource } from '~/api/resources'
import { ErrorNotice } from '~/components/ErrorNotice'
import { useFormat } from '~/hooks/use-format'
import { Button } from '~/ui/lib/Button'
import { EmptyState } from '~/ui/lib/EmptyState'
import { Panel } from '~/ui/lib/Panel'
import { PlainTable } from '~/ui/lib/PlainTable'
import { Skeleton } from '~/ui/lib/Skeleton'
import { pb } from '~/util/path-builder'

export interface CustomersTabProps {
  kind: Kind
  resource: Resource
}

/** Who gets it, each with the most specific reason. */
export function CustomersTab({ kind, resource }: CustomersTabProps) {
  const { t } = useTranslation(['configuration', 'lists', 'common'])
  const format = useFormat()
  const [cursors, setCursors] = useState<readonly string[]>([])
  const { data, error, refetch } = useQuery(
    beneficiariesQuery(kind.plural, resource.id, cursors.at(-1)),
  )
  if (error && !data) return <ErrorNotice error={error} onRetry={() => void refetch()} />
  if (!data) return <Skeleton className="h-40" />
  if (data.total === 0) return <EmptyState icon={Users} title={t('customers.none')} />
  const next = data.next_cursor
  return (
    <Panel
      title={t('customers.total', { count: data.total, formatted: format.count(data.total) })}
      padded={false}
    >
      <PlainTable
        label={t('tab.customers')}
        rows={data.items}
        rowKey={({ name }) => name}
        columns={[
          {
            id: 'name',
            header: t('customers.name'),
            cell: ({ name }) => (
              <Link {...pb.resource('customer', name)} className="text-link hover:underline">
                {name}
              </Link>
            ),
          },
          {
            id: 'reason',
            header: t('customers.reason'),
            cell: ({ level }) => t(`level.${level}`),
          },
        ]}
      />
      {cursors.length > 0 || next ? (
        <footer className="flex justify-end gap-2 border-t border-line px-4 py-2">
          <Button
            size="toolbar"
            disabled={cursors.length === 0}
            onClick={() => setCursors(cursors.slice(0, -1))}
          >
            {t('lists:pager.previous')}
          </Button>
          <Button
            size="toolbar"
            disabled={!next}
            onClick={() => next && setCursors([...cursors, next])}
          >
            {t('lists:pager.next')}
          </Button>
        </footer>
      ) : null}
    </Panel>
  )
}
