import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Send } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { NotificationDelivery } from '~/api/__generated__/schema'
import { deliveryPageQuery, testTarget } from '~/api/notifications'
import type { Resource } from '~/api/resources'
import { ErrorNotice } from '~/components/ErrorNotice'
import { ProblemNotice } from '~/components/ProblemNotice'
import { usePermission } from '~/hooks/use-permission'
import { DeliveryDialog } from '~/pages/admin/events/DeliveryDialog'
import { useDeliveryColumns } from '~/table/columns/delivery-columns'
import { Button, buttonClass } from '~/ui/lib/Button'
import { EmptyState } from '~/ui/lib/EmptyState'
import { Panel } from '~/ui/lib/Panel'
import { PlainTable } from '~/ui/lib/PlainTable'
import { Skeleton } from '~/ui/lib/Skeleton'
import { pb } from '~/util/path-builder'

const LATEST = 20
const REFRESH_MS = 5_000

/** What a notification target was told lately, and trying it out. */
export function DeliveriesTab({ resource: { id, name } }: { resource: Resource }) {
  const { t } = useTranslation('events')
  const { data, error, refetch } = useQuery({
    ...deliveryPageQuery({ target: name }, undefined, LATEST),
    refetchInterval: REFRESH_MS,
  })
  const [open, setOpen] = useState<NotificationDelivery | null>(null)
  const columns = useDeliveryColumns(setOpen).filter((column) => column.id !== 'target')
  if (error && !data) return <ErrorNotice error={error} onRetry={() => void refetch()} />
  if (!data) return <Skeleton className="h-40" />
  return (
    <>
      <Panel
        title={t('deliveries.tab.latest')}
        padded={false}
        actions={
          <Link {...pb.deliveries({ target: name })} className={buttonClass('quiet', 'toolbar')}>
            {t('deliveries.tab.all')}
          </Link>
        }
      >
        {data.items.length === 0 ? (
          <EmptyState icon={Send} title={t('deliveries.tab.none')} />
        ) : (
          <PlainTable
            label={t('deliveries.tab.latest')}
            rows={data.items}
            rowKey={(each) => String(each.id)}
            columns={columns}
          />
        )}
      </Panel>
      <TargetTest id={id} />
      {open ? (
        <DeliveryDialog
          delivery={data.items.find((each) => each.id === open.id) ?? open}
          onClose={() => setOpen(null)}
        />
      ) : null}
    </>
  )
}

/** Sends a test and says what became of it. */
function TargetTest({ id }: { id: number }) {
  const { t } = useTranslation('events')
  const client = useQueryClient()
  const canWrite = usePermission('notification_target.write')
  const test = useMutation({
    mutationFn: () => testTarget(id),
    onSuccess: () => client.invalidateQueries({ queryKey: ['deliveries'] }),
  })
  if (!canWrite) return null
  return (
    <div className="flex flex-col items-start gap-3 pt-4">
      <Button disabled={test.isPending} onClick={() => test.mutate()}>
        <Send aria-hidden size={16} strokeWidth={1.75} />
        {test.isPending ? t('deliveries.test.busy') : t('deliveries.test.button')}
      </Button>
      {test.error ? <ProblemNotice error={test.error} /> : null}
      {test.data ? <TestResult delivery={test.data} /> : null}
    </div>
  )
}

function TestResult({ delivery: { state, status, error } }: { delivery: NotificationDelivery }) {
  const { t } = useTranslation('events')
  const isDelivered = state === 'delivered'
  return (
    <p
      role="status"
      className={`w-full rounded-control px-3 py-2 ${
        isDelivered
          ? 'bg-badge-success-bg text-badge-success'
          : 'bg-badge-danger-bg text-badge-danger'
      }`}
    >
      {isDelivered
        ? t('deliveries.test.delivered')
        : t('deliveries.test.failed', { error: error ?? t('deliveries.test.noReason') })}{' '}
      {status === null ? null : t('deliveries.test.status', { status })}
    </p>
  )
}
