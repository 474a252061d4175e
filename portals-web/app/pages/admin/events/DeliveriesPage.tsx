import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { Send } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { NotificationDelivery } from '~/api/__generated__/schema'
import { deliveryPageQuery } from '~/api/notifications'
import { ListScreen } from '~/components/ListScreen'
import { Pager } from '~/components/Pager'
import { DeliveryFilters } from '~/forms/delivery-filters'
import { usePages } from '~/hooks/use-pages'
import { useTitle } from '~/hooks/use-title'
import { useDeliveryColumns } from '~/table/columns/delivery-columns'
import { DataTable } from '~/table/DataTable'
import { EmptyState } from '~/ui/lib/EmptyState'

import { DeliveryDialog } from './DeliveryDialog'

/** Deliveries go on while they are looked at. */
const REFRESH_MS = 5_000

/** What notification targets were told, and what became of it. */
export default function DeliveriesPage() {
  const { t } = useTranslation(['events', 'lists'])
  const { cursor, ...filter } = useSearch({ from: '/shell/system/notifications' })
  const navigate = useNavigate({ from: '/system/notifications' })
  const { data, error, refetch, isPlaceholderData } = useQuery({
    ...deliveryPageQuery(filter, cursor),
    refetchInterval: cursor === undefined ? REFRESH_MS : false,
  })
  const pages = usePages(cursor, data?.next_cursor)
  const [open, setOpen] = useState<NotificationDelivery | null>(null)
  const columns = useDeliveryColumns(setOpen)
  const isFiltered = Object.values(filter).some(Boolean)
  useTitle(t('deliveries.title'))
  return (
    <ListScreen
      title={t('deliveries.title')}
      filters={
        <>
          <DeliveryFilters
            filter={filter}
            onChange={(next) =>
              void navigate({ search: (before) => ({ ...before, ...next, cursor: undefined }) })
            }
          />
          <span className="ms-auto text-meta text-ink-3">{t('deliveries.refresh')}</span>
        </>
      }
      table={
        <DataTable
          label={t('deliveries.title')}
          columns={columns}
          rows={data?.items}
          rowKey={({ id }) => String(id)}
          error={error}
          onRetry={() => void refetch()}
          isOutdated={isPlaceholderData}
          empty={
            isFiltered ? (
              <EmptyState icon={Send} title={t('lists:noMatch')} />
            ) : (
              <EmptyState icon={Send} title={t('deliveries.empty')}>
                {t('deliveries.emptyBody')}
              </EmptyState>
            )
          }
        />
      }
      pager={
        <Pager pages={pages}>
          {data ? t('lists:pager.shown', { count: data.items.length }) : null}
        </Pager>
      }
    >
      {open ? (
        <DeliveryDialog
          delivery={data?.items.find(({ id }) => id === open.id) ?? open}
          onClose={() => setOpen(null)}
        />
      ) : null}
    </ListScreen>
  )
}
