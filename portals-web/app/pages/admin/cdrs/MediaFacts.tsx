import { useTranslation } from 'react-i18next'

import type { CdrMedia, CdrMediaQuality } from '~/api/__generated__/schema'
import { useFormat } from '~/hooks/use-format'
import { Facts } from '~/ui/lib/Facts'
import { PlainTable } from '~/ui/lib/PlainTable'

/** What the media relay counted in each direction, and how it arrived. */
export function MediaFacts({ media }: { media: CdrMedia | null }) {
  const { t } = useTranslation('cdrs')
  const format = useFormat()
  if (!media) return <p className="text-ink-2">{t('detail.mediaNone')}</p>
  const counted = (packets: number, bytes: number) =>
    `${t('detail.packets', { count: packets, formatted: format.count(packets) })}, ${format.bytes(bytes)}`
  return (
    <div className="flex flex-col gap-3">
      {media.not_heard === 'customer' && <p>{t('detail.customerNotHeard')}</p>}
      {media.not_heard === 'carrier' && <p>{t('detail.carrierNotHeard')}</p>}
      <Facts
        facts={[
          {
            label: t('detail.fromCustomer'),
            value: counted(media.packets_from_customer, media.bytes_from_customer),
          },
          {
            label: t('detail.fromCarrier'),
            value: counted(media.packets_from_carrier, media.bytes_from_carrier),
          },
        ]}
      />
      <QualityTable
        fromCustomer={media.quality_from_customer}
        fromCarrier={media.quality_from_carrier}
      />
    </div>
  )
}

interface Sides {
  fromCustomer: CdrMediaQuality | null
  fromCarrier: CdrMediaQuality | null
}

/** One row a measure, one column a direction. A record of an earlier release has none. */
function QualityTable({ fromCustomer, fromCarrier }: Sides) {
  const { t } = useTranslation('cdrs')
  const format = useFormat()
  if (!fromCustomer || !fromCarrier) return null
  const ms = (value: number | null) =>
    value === null ? '–' : t('detail.milliseconds', { formatted: format.count(value, 1) })
  const measures: { id: string; label: string; of: (quality: CdrMediaQuality) => string }[] = [
    { id: 'codec', label: t('detail.codec'), of: ({ codec }) => codec ?? '–' },
    { id: 'mos', label: t('detail.mos'), of: ({ mos }) => format.count(mos, 2) },
    {
      id: 'lost',
      label: t('detail.lost'),
      of: ({ packets_lost: lost, packets_expected: sent }) =>
        `${format.count(lost)} (${format.percent(sent > 0 ? (lost * 100) / sent : null)})`,
    },
    {
      id: 'worst',
      label: t('detail.worstLoss'),
      of: ({ worst_loss_percent: worst }) => format.percent(worst),
    },
    {
      id: 'jitter',
      label: t('detail.jitter'),
      of: ({ jitter_mean_ms: mean, jitter_highest_ms: highest }) => `${ms(mean)}, ${ms(highest)}`,
    },
    {
      id: 'order',
      label: t('detail.reordered'),
      of: ({ packets_reordered: reordered, packets_doubled: doubled }) =>
        `${format.count(reordered)}, ${format.count(doubled)}`,
    },
    { id: 'gap', label: t('detail.longestGap'), of: ({ longest_gap_ms: gap }) => format.ms(gap) },
    { id: 'delay', label: t('detail.roundTrip'), of: ({ round_trip_ms: both }) => ms(both) },
    {
      id: 'far',
      label: t('detail.farEndLost'),
      of: ({ far_end_packets_lost: lost }) => format.count(lost),
    },
  ]
  return (
    <PlainTable
      label={t('detail.quality')}
      rows={measures}
      rowKey={({ id }) => id}
      columns={[
        { id: 'measure', header: t('detail.quality'), cell: ({ label }) => label },
        {
          id: 'customer',
          header: t('detail.fromCustomer'),
          align: 'end',
          cell: ({ of }) => of(fromCustomer),
        },
        {
          id: 'carrier',
          header: t('detail.fromCarrier'),
          align: 'end',
          cell: ({ of }) => of(fromCarrier),
        },
      ]}
    />
  )
}
