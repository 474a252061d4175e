import { useTranslation } from 'react-i18next'

import type { Cdr, ReleasedBy } from '~/api/__generated__/schema'
import { OutcomeBadge } from '~/components/OutcomeBadge'
import { useReason } from '~/hooks/use-reason'
import { PlainTable } from '~/ui/lib/PlainTable'
import { NO_VALUE } from '~/util/money'
import { formatSipStatus } from '~/util/sip-status'

type Release = Pick<Cdr, 'outcome' | 'release_reason' | 'sip_status' | 'q850_cause'> & {
  key: string
  side: string
  by: ReleasedBy
}

/** How it ended, as told to the customer and as told by each carrier. */
export function ReleaseTable({ cdr }: { cdr: Cdr }) {
  const { t } = useTranslation(['cdrs', 'common'])
  const reason = useReason()
  const rows: Release[] = [
    {
      ...cdr,
      key: 'ingress',
      side: `${t('detail.ingress')}: ${cdr.customer ?? t('detail.unknownCustomer')}`,
      by: cdr.released_by,
    },
    ...cdr.attempt_records.map((attempt) => ({
      ...attempt,
      key: String(attempt.number),
      side: `${t('detail.egress')} ${attempt.number}: ${attempt.carrier}`,
      by: attempt.released_by,
    })),
  ]
  return (
    <PlainTable
      label={t('detail.release')}
      rows={rows}
      rowKey={({ key }) => key}
      columns={[
        { id: 'side', header: t('detail.side'), cell: ({ side }) => side },
        {
          id: 'outcome',
          header: t('column.outcome'),
          cell: ({ outcome }) => <OutcomeBadge outcome={outcome} />,
        },
        { id: 'by', header: t('detail.by'), cell: ({ by }) => t(`common:releasedBy.${by}`) },
        {
          id: 'reason',
          header: t('detail.reason'),
          cell: ({ release_reason }) => reason(release_reason),
        },
        {
          id: 'sip',
          header: t('detail.sip'),
          cell: ({ sip_status }) => formatSipStatus(sip_status),
        },
        {
          id: 'q850',
          header: t('detail.q850'),
          align: 'end',
          cell: ({ q850_cause }) => (q850_cause === 0 ? NO_VALUE : q850_cause),
        },
      ]}
    />
  )
}
