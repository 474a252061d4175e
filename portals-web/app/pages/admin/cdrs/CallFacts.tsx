import { useTranslation } from 'react-i18next'

import type { Cdr } from '~/api/__generated__/schema'
import { CopyText } from '~/components/CopyText'
import { type Fact, Facts } from '~/ui/lib/Facts'
import { NO_VALUE } from '~/util/money'

/** What one looks for when comparing with somebody else's records. */
export function CallFacts({ cdr }: { cdr: Cdr }) {
  const { t } = useTranslation('cdrs')
  const attempts = cdr.attempt_records.flatMap((attempt): Fact[] => [
    {
      label: t('detail.egressCallId', { number: attempt.number }),
      value: <CopyText text={attempt.egress_call_id} />,
    },
    {
      label: t('detail.sentNumbers', { number: attempt.number }),
      value: `${attempt.calling_number_sent} → ${attempt.called_number_sent}`,
      mono: true,
    },
  ])
  return (
    <Facts
      facts={[
        { label: t('detail.id'), value: <CopyText text={cdr.id} /> },
        { label: t('detail.ingressCallId'), value: <CopyText text={cdr.ingress_call_id} /> },
        { label: t('detail.callingReceived'), value: cdr.calling_number, mono: true },
        { label: t('detail.calledReceived'), value: cdr.called_number_received, mono: true },
        { label: t('detail.calledTranslated'), value: cdr.called_number, mono: true },
        { label: t('detail.userAgent'), value: cdr.user_agent ?? NO_VALUE },
        ...attempts,
      ]}
    />
  )
}
