import { useTranslation } from 'react-i18next'

import type { Explanation } from '~/api/__generated__/schema'
import { useFormat } from '~/hooks/use-format'
import { Facts } from '~/ui/lib/Facts'
import { formatIncrements } from '~/util/duration'
import { formatE164 } from '~/util/e164'
import { NO_VALUE } from '~/util/money'

/** What the customer would pay for the call. */
export function CustomerRate({ explanation }: { explanation: Explanation }) {
  const { t } = useTranslation(['explain', 'cdrs'])
  const format = useFormat()
  const { customer_rate: rate, called_number: called, customer, ingress_trunk } = explanation
  if (!rate) return <p className="text-ink-2">{t('rateNone')}</p>
  return (
    <Facts
      facts={[
        { label: t('form.customer'), value: customer ?? NO_VALUE },
        { label: t('ingressTrunk'), value: ingress_trunk ?? NO_VALUE },
        { label: t('called'), value: called ? formatE164(called) : NO_VALUE },
        { label: t('cdrs:detail.rateCard'), value: rate.rate_card },
        { label: t('route.destination'), value: `${rate.prefix} ${rate.destination}` },
        {
          label: t('cdrs:detail.perMinute'),
          value: `${format.amount(rate.next_rate_per_minute, rate.currency)} ${rate.currency}`,
        },
        ...(rate.initial_rate_per_minute === rate.next_rate_per_minute
          ? []
          : [
              {
                label: '',
                value: t('cdrs:detail.firstInterval', {
                  seconds: rate.initial_interval_s,
                  rate: format.amount(rate.initial_rate_per_minute, rate.currency),
                }),
              },
            ]),
        {
          label: t('cdrs:detail.increments'),
          value: formatIncrements(rate.initial_interval_s, rate.next_interval_s),
        },
        {
          label: t('cdrs:detail.connectionFee'),
          value: `${format.amount(rate.connection_fee, rate.currency)} ${rate.currency}`,
        },
      ]}
    />
  )
}
