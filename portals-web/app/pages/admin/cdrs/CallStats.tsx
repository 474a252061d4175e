import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'

import type { Cdr } from '~/api/__generated__/schema'
import { useFormat } from '~/hooks/use-format'
import { formatDuration } from '~/util/duration'
import { isNegative } from '~/util/money'

/** The figures of a call in one line. */
export function CallStats({ cdr }: { cdr: Cdr }) {
  const { t } = useTranslation('cdrs')
  const format = useFormat()
  const money = (amount: string) => (
    <>
      {format.amount(amount, cdr.currency)}
      <Unit>{cdr.currency}</Unit>
    </>
  )
  return (
    <dl className="flex flex-wrap gap-px border-b border-line bg-line">
      <Stat label={`${t('detail.received')} ${format.zoneName}`}>
        {format.dateTime(cdr.received_at)}
      </Stat>
      <Stat label={t('detail.duration')}>{formatDuration(cdr.duration_ms)}</Stat>
      <Stat label={t('detail.pdd')}>{format.ms(cdr.pdd_ms)}</Stat>
      <Stat label={t('detail.billed')}>{t('detail.seconds', { count: cdr.billed_seconds })}</Stat>
      <Stat label={t('detail.charge')}>{money(cdr.charge)}</Stat>
      <Stat label={t('detail.cost')}>{money(cdr.cost)}</Stat>
      <Stat label={t('detail.margin')} isBad={isNegative(cdr.margin)}>
        {money(cdr.margin)}
      </Stat>
    </dl>
  )
}

interface StatProps {
  label: string
  isBad?: boolean
  children: ReactNode
}

function Stat({ label, isBad = false, children }: StatProps) {
  return (
    <div className="min-w-32 grow bg-surface px-5 py-3">
      <dt className="text-meta text-ink-2">{label}</dt>
      <dd
        className={`text-section font-semibold whitespace-nowrap tabular-nums ${isBad ? 'text-danger' : ''}`}
      >
        {children}
      </dd>
    </div>
  )
}

function Unit({ children }: { children: ReactNode }) {
  return <span className="ms-1 text-meta font-normal text-ink-3">{children}</span>
}
