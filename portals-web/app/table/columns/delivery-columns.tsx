import { useTranslation } from 'react-i18next'

import type { NotificationDelivery } from '~/api/__generated__/schema'
import { DeliveryBadge } from '~/components/DeliveryBadge'
import { useFormat } from '~/hooks/use-format'
import { OptionalText } from '~/table/cells/OptionalText'
import { TimeCell } from '~/table/cells/TimeCell'
import type { Column } from '~/table/column'
import { NO_VALUE } from '~/util/money'

/** The columns of a log of deliveries; the event opens the whole of it. */
export function useDeliveryColumns(
  onOpen: (delivery: NotificationDelivery) => void,
): Column<NotificationDelivery>[] {
  const { t } = useTranslation('events')
  const format = useFormat()
  return [
    {
      id: 'at',
      header: `${t('deliveries.column.at')} ${format.zoneName}`,
      width: 176,
      cell: ({ created_at }) => <TimeCell at={created_at} />,
    },
    {
      id: 'target',
      header: t('deliveries.column.target'),
      minWidth: 130,
      cell: ({ target }) => <span className="font-medium">{target}</span>,
    },
    {
      id: 'event',
      header: t('deliveries.column.event'),
      minWidth: 170,
      cell: (delivery) => (
        <button
          type="button"
          className="max-w-full truncate rounded-badge text-start font-mono text-meta text-link hover:underline"
          onClick={() => onOpen(delivery)}
        >
          {delivery.event}
        </button>
      ),
    },
    {
      id: 'state',
      header: t('deliveries.column.state'),
      width: 164,
      cell: ({ state }) => <DeliveryBadge state={state} />,
    },
    {
      id: 'status',
      header: t('deliveries.column.status'),
      width: 80,
      align: 'end',
      cell: ({ status }) => status ?? NO_VALUE,
    },
    {
      id: 'attempts',
      header: t('deliveries.column.attempts'),
      width: 64,
      align: 'end',
      cell: ({ attempts }) => attempts,
    },
    {
      id: 'duration',
      header: t('deliveries.column.duration'),
      width: 88,
      align: 'end',
      cell: ({ duration_ms }) => format.ms(duration_ms),
    },
    {
      id: 'error',
      header: t('deliveries.column.error'),
      minWidth: 200,
      cell: ({ error }) => <OptionalText value={error} />,
    },
  ]
}
