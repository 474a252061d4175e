import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'

import type { CdrTotals } from '~/api/__generated__/schema'
import { type CdrFilter, cdrTotalsQuery } from '~/api/queries'
import { useDropped } from '~/hooks/use-dropped'
import { useFormat } from '~/hooks/use-format'
import { isNegative } from '~/util/money'

/** Totals look at more records than a page does, so they are asked for less often. */
const REFRESH_MIN_MS = 30_000
const MINUTE_MS = 60_000

export interface CdrTotalsLineProps {
  filter: CdrFilter
  /** How often the list is asked for; 0 for never. */
  refreshMs: number
}

/** What all pages of the list come to, in one line. */
export function CdrTotalsLine({ filter, refreshMs }: CdrTotalsLineProps) {
  const { t } = useTranslation('cdrs')
  const { data, error, isPlaceholderData } = useQuery({
    ...cdrTotalsQuery(filter),
    refetchInterval: refreshMs ? Math.max(refreshMs, REFRESH_MIN_MS) : false,
  })
  return (
    <section
      aria-label={t('totals.label')}
      aria-busy={isPlaceholderData}
      className={`flex min-h-9 flex-wrap items-center gap-x-5 gap-y-1 border-b border-line bg-surface px-5 py-2 text-meta text-ink-2 tabular-nums ${isPlaceholderData ? 'opacity-60' : ''}`}
    >
      {data ? <Totals totals={data} /> : error ? t('totals.failed') : t('totals.asked')}
    </section>
  )
}

function Totals({ totals }: { totals: CdrTotals }) {
  const { t } = useTranslation('cdrs')
  const format = useFormat()
  const dropped = useDropped()
  const { calls, answered, talk_ms, charge, cost, margin, currency, searched_until } = totals
  const foreign = totals.amounts.filter((each) => each.currency !== currency)
  const figures = [
    { id: 'calls', text: format.count(calls) },
    { id: 'answered', text: format.count(answered) },
    { id: 'minutes', text: format.count(talk_ms / MINUTE_MS, 1) },
    { id: 'billed', text: format.count(totals.billed_seconds / 60, 1) },
    { id: 'charge', text: format.money(charge, currency) },
    { id: 'cost', text: format.money(cost, currency) },
    {
      id: 'margin',
      text: format.money(margin, currency),
      isBad: margin !== null && isNegative(margin),
    },
  ] as const
  return (
    <>
      {searched_until ? (
        <span className="font-medium text-ink">
          {t('totals.atLeast', { time: format.dateTime(searched_until) })}
        </span>
      ) : null}
      {totals.dropped ? <span>{dropped(totals.dropped)}</span> : null}
      {figures.map(({ id, text, ...rest }) => (
        <span key={id}>
          {t(`totals.${id}`)}{' '}
          <strong
            data-testid={`total-${id}`}
            className={`font-semibold ${'isBad' in rest && rest.isBad ? 'text-danger' : 'text-ink'}`}
          >
            {text}
          </strong>
        </span>
      ))}
      {foreign.map((each) => (
        <span key={each.currency}>
          {t('totals.byCard')}{' '}
          <strong className="font-semibold text-ink">
            {format.money(each.amount, each.currency)}
          </strong>
        </span>
      ))}
    </>
  )
}
