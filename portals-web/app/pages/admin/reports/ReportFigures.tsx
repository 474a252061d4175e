import { useTranslation } from 'react-i18next'

import type { Figures, TrafficReport } from '~/api/reports'
import { useFormat } from '~/hooks/use-format'
import { formatDuration } from '~/util/duration'
import { isNegative } from '~/util/money'

type Format = ReturnType<typeof useFormat>

interface Shown {
  id: string
  label: string
  text: (figures: Figures) => string
  isBad?: (figures: Figures) => boolean
}

const MINUTE_MS = 60_000

/** The figures of the whole period in one line, each with that of the period before. */
export function ReportFigures({ report }: { report: TrafficReport }) {
  const { t } = useTranslation('reports')
  const format = useFormat()
  const { totals, previous_totals, currency, of } = report
  const money = (amount: string | null) => format.amount(amount, currency)
  const shown: Shown[] = [
    {
      id: 'seizures',
      label: t(`figure.seizures.${of}`),
      text: ({ seizures }) => format.count(seizures),
    },
    { id: 'asr', label: t('figure.asr'), text: ({ asr_percent }) => format.percent(asr_percent) },
    { id: 'ner', label: t('figure.ner'), text: ({ ner_percent }) => format.percent(ner_percent) },
    { id: 'acd', label: t('figure.acd'), text: ({ acd_ms }) => formatDuration(acd_ms) },
    { id: 'pdd', label: t('figure.pdd'), text: ({ pdd_ms }) => format.ms(pdd_ms) },
    { id: 'minutes', label: t('figure.minutes'), text: (figures) => minutes(figures, format) },
    {
      id: 'charge',
      label: `${t('figure.charge')} ${currency}`,
      text: ({ charge }) => money(charge),
    },
    { id: 'cost', label: `${t('figure.cost')} ${currency}`, text: ({ cost }) => money(cost) },
    {
      id: 'margin',
      label: `${t('figure.margin')} ${currency}`,
      text: ({ margin }) => money(margin),
      isBad: ({ margin }) => margin !== null && isNegative(margin),
    },
  ]
  return (
    <dl className="grid shrink-0 grid-cols-[repeat(auto-fit,minmax(108px,1fr))] gap-px border-b border-line bg-line">
      {shown.map(({ id, label, text, isBad }) => (
        <div key={id} className="bg-surface px-4 py-3">
          <dt className="text-meta text-ink-2">{label}</dt>
          <dd
            data-testid={`figure-${id}`}
            className={`text-section font-semibold whitespace-nowrap tabular-nums ${isBad?.(totals) ? 'text-danger' : ''}`}
          >
            {text(totals)}
          </dd>
          {previous_totals ? (
            <dd className="text-meta text-ink-3 tabular-nums">
              {t('before', { value: text(previous_totals) })}
            </dd>
          ) : null}
        </div>
      ))}
    </dl>
  )
}

/** Talk time in minutes. */
export function minutes({ talk_ms }: Figures, format: Format): string {
  return format.count(talk_ms / MINUTE_MS, 1)
}
