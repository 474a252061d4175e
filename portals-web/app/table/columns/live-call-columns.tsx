import type { TFunction } from 'i18next'

import type { Call } from '~/api/__generated__/schema'
import { CallStateBadge } from '~/components/OutcomeBadge'
import { formatDuration } from '~/util/duration'
import { formatE164 } from '~/util/e164'

import { OptionalText } from '../cells/OptionalText'
import { TimeCell } from '../cells/TimeCell'
import type { Column } from '../DataTable'

interface Texts {
  t: TFunction<'live'>
  now: number
  zoneName: string
}

export function liveCallColumns({ t, now, zoneName }: Texts): Column<Call>[] {
  const since = ({ answered_at, received_at }: Call) =>
    Math.max(0, now - Date.parse(answered_at ?? received_at))
  return [
    {
      id: 'received',
      header: `${t('calls.started')} ${zoneName}`,
      width: 112,
      cell: ({ received_at }) => <TimeCell at={received_at} show="clock" />,
    },
    {
      id: 'state',
      header: t('calls.state'),
      width: 118,
      cell: ({ state }) => <CallStateBadge state={state} />,
    },
    {
      id: 'duration',
      header: t('calls.duration'),
      help: t('calls.durationHelp'),
      width: 78,
      align: 'end',
      cell: (call) => (
        <span className={call.answered_at ? undefined : 'text-ink-3'}>
          {formatDuration(since(call))}
        </span>
      ),
    },
    {
      id: 'customer',
      header: t('calls.customer'),
      cell: ({ customer }) => <OptionalText value={customer} />,
    },
    {
      id: 'from',
      header: t('calls.from'),
      width: 126,
      cell: ({ calling_number }) => <OptionalText value={formatE164(calling_number)} />,
    },
    {
      id: 'to',
      header: t('calls.to'),
      width: 136,
      cell: ({ called_number }) => <OptionalText value={formatE164(called_number)} />,
    },
    {
      id: 'destination',
      header: t('calls.destination'),
      cell: ({ destination }) => <OptionalText value={destination} />,
    },
    {
      id: 'carrier',
      header: t('calls.carrier'),
      cell: ({ carrier }) => <OptionalText value={carrier} />,
    },
    {
      id: 'attempts',
      header: t('calls.attempts'),
      width: 72,
      align: 'end',
      cell: ({ attempts }) => attempts,
    },
    {
      id: 'source',
      header: t('calls.source'),
      optional: true,
      width: 150,
      cell: ({ ingress_source }) => (
        <span className="font-mono text-meta text-ink-2">{ingress_source}</span>
      ),
    },
    {
      id: 'gateway',
      header: t('calls.gateway'),
      width: 150,
      cell: ({ egress_gateway }) => (
        <span className="font-mono text-meta text-ink-2">
          <OptionalText value={egress_gateway} />
        </span>
      ),
    },
  ]
}
