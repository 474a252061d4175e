import { useTranslation } from 'react-i18next'

import type { CdrMedia } from '~/api/__generated__/schema'
import { useFormat } from '~/hooks/use-format'
import { Facts } from '~/ui/lib/Facts'

/** What the media relay counted in each direction. */
export function MediaFacts({ media }: { media: CdrMedia | null }) {
  const { t } = useTranslation('cdrs')
  const format = useFormat()
  if (!media) return <p className="text-ink-2">{t('detail.mediaNone')}</p>
  const counted = (packets: number, bytes: number) =>
    `${t('detail.packets', { count: packets, formatted: format.count(packets) })}, ${format.bytes(bytes)}`
  return (
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
  )
}
