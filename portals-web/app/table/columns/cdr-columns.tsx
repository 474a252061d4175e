import type { TFunction } from 'i18next'

import type { CdrSummary } from '~/api/__generated__/schema'
import { OutcomeBadge } from '~/components/OutcomeBadge'
import { formatDuration } from '~/util/duration'
import { formatE164 } from '~/util/e164'

import { MoneyCell } from '../cells/MoneyCell'
import { OptionalText } from '../cells/OptionalText'
import { TimeCell } from '../cells/TimeCell'
import type { Column } from '../DataTable'

interface Texts {
  t: TFunction<'cdrs'>
  count: (value: number | null) => string
  reason: (reason: string) => string
  zoneName: string
  /** Of the amounts, when all rows have the same; it then stands in the header. */
  currency: string | null
}

export function cdrColumns({ t, count, reason, zoneName, currency }: Texts): Column<CdrSummary>[] {
  const money = (name: string) => (currency ? `${name} ${currency}` : name)
  return [
    {
      id: 'received',
      header: `${t('column.received')} ${zoneName}`,
      width: 138,
      cell: ({ received_at }) => <TimeCell at={received_at} show="day" />,
    },
    {
      id: 'customer',
      header: t('column.customer'),
      cell: ({ customer }) => <OptionalText value={customer} />,
    },
    {
      id: 'from',
      header: t('column.from'),
      width: 126,
      cell: ({ calling_number }) => <OptionalText value={formatE164(calling_number)} />,
    },
    {
      id: 'to',
      header: t('column.to'),
      width: 136,
      cell: ({ called_number }) => <OptionalText value={formatE164(called_number)} />,
    },
    {
      id: 'destination',
      header: t('column.destination'),
      cell: ({ destination }) => <OptionalText value={destination} />,
    },
    {
      id: 'carrier',
      header: t('column.carrier'),
      minWidth: 84,
      cell: ({ carrier, attempts }) => (
        <span className="flex items-center gap-1.5">
          <span className="truncate">
            <OptionalText value={carrier} />
          </span>
          {attempts > 1 ? (
            <span
              className="text-meta text-ink-3"
              title={t('attempts', { count: attempts })}
            >{`×${attempts}`}</span>
          ) : null}
        </span>
      ),
    },
    {
      id: 'outcome',
      header: t('column.outcome'),
      width: 140,
      cell: ({ outcome, sip_status, release_reason }) => (
        <span title={reason(release_reason)}>
          <OutcomeBadge outcome={outcome} sipStatus={outcome === 'answered' ? 0 : sip_status} />
        </span>
      ),
    },
    {
      id: 'duration',
      header: t('column.duration'),
      width: 68,
      align: 'end',
      cell: ({ duration_ms }) => (
        <span className={duration_ms === 0 ? 'text-ink-3' : undefined}>
          {formatDuration(duration_ms)}
        </span>
      ),
    },
    {
      id: 'pdd',
      header: t('column.pdd'),
      help: t('column.pddHelp'),
      width: 66,
      align: 'end',
      cell: ({ pdd_ms }) => count(pdd_ms),
    },
    ...(['charge', 'cost', 'margin'] as const).map((id): Column<CdrSummary> => ({
      id,
      header: money(t(`column.${id}`)),
      width: id === 'margin' ? 106 : 86,
      ...(id === 'cost' ? { optional: true } : {}),
      align: 'end',
      cell: (row) => (
        <MoneyCell amount={row[id]} currency={row.currency} signed={id === 'margin'} />
      ),
    })),
  ]
}
