import { useTranslation } from 'react-i18next'

import type { Cdr, CdrRate } from '~/api/__generated__/schema'
import { useFormat } from '~/hooks/use-format'
import { PlainTable } from '~/ui/lib/PlainTable'
import { formatIncrements } from '~/util/duration'
import { isNegative, NO_VALUE } from '~/util/money'

interface Side {
  id: string
  name: string
  party: string | null
  rate: CdrRate | null
  billedSeconds: number | null
  amount: string
  currency: string
}

/** Both sides of a call: the rate that was applied, what was billed, and what is left. */
export function MoneyTable({ cdr }: { cdr: Cdr }) {
  const { t } = useTranslation('cdrs')
  const format = useFormat()
  const rate = (get: (rate: CdrRate) => string) => (side: Side) =>
    side.rate ? get(side.rate) : side.id === 'margin' ? null : NO_VALUE
  const price = (amount: string, { currency }: CdrRate) => format.amount(amount, currency)

  return (
    <PlainTable
      label={t('detail.money')}
      rows={sides(cdr, t)}
      rowKey={({ id }) => id}
      isStrong={({ id }) => id === 'margin'}
      columns={[
        { id: 'side', header: t('detail.side'), cell: ({ name }) => name },
        { id: 'party', header: '', cell: ({ party }) => party },
        { id: 'card', header: t('detail.rateCard'), cell: rate((it) => it.rate_card) },
        {
          id: 'prefix',
          header: t('detail.prefix'),
          cell: rate((it) => `${it.prefix} ${it.destination}`),
        },
        {
          id: 'rate',
          header: t('detail.perMinute'),
          align: 'end',
          cell: ({ rate: it, ...side }) => <RateText rate={it} isMargin={side.id === 'margin'} />,
        },
        {
          id: 'increments',
          header: t('detail.increments'),
          align: 'end',
          cell: rate((it) => formatIncrements(it.initial_interval_s, it.next_interval_s)),
        },
        {
          id: 'fee',
          header: t('detail.connectionFee'),
          align: 'end',
          cell: rate((it) => price(it.connection_fee, it)),
        },
        {
          id: 'billed',
          header: t('detail.billed'),
          align: 'end',
          cell: ({ billedSeconds }) =>
            billedSeconds === null ? null : t('detail.seconds', { count: billedSeconds }),
        },
        {
          id: 'amount',
          header: t('detail.amount'),
          align: 'end',
          cell: ({ id, amount, currency }) => (
            <span className={id === 'margin' && isNegative(amount) ? 'text-danger' : undefined}>
              {format.amount(amount, currency)}
              <span className="ms-1 text-meta font-normal text-ink-3">{currency}</span>
            </span>
          ),
        },
      ]}
    />
  )
}

/** The price of a minute; of the first interval, too, where it differs. */
function RateText({ rate, isMargin }: { rate: CdrRate | null; isMargin: boolean }) {
  const { t } = useTranslation('cdrs')
  const format = useFormat()
  if (!rate) return isMargin ? null : NO_VALUE
  const { initial_rate_per_minute: first, next_rate_per_minute: next, currency } = rate
  if (first === next) return format.amount(next, currency)
  return (
    <>
      <span className="me-2 text-ink-3">
        {t('detail.firstInterval', {
          seconds: rate.initial_interval_s,
          rate: format.amount(first, currency),
        })}
      </span>
      {format.amount(next, currency)}
    </>
  )
}

function sides(cdr: Cdr, t: ReturnType<typeof useTranslation<'cdrs'>>['t']): Side[] {
  // The answered attempt is the last one; without an answer the last one still shows its rate.
  const attempt = cdr.attempt_records.at(-1)
  const carrier: Side[] = attempt
    ? [
        {
          id: 'carrier',
          name: t('detail.carrier'),
          party: attempt.carrier,
          rate: attempt.rate,
          billedSeconds: attempt.billed_seconds,
          amount: attempt.cost,
          currency: attempt.rate.currency,
        },
      ]
    : []
  return [
    {
      id: 'customer',
      name: t('detail.customer'),
      party: cdr.customer ?? t('detail.unknownCustomer'),
      rate: cdr.rate,
      billedSeconds: cdr.billed_seconds,
      amount: cdr.charge,
      currency: cdr.rate?.currency ?? cdr.currency,
    },
    ...carrier,
    {
      id: 'margin',
      name: t('detail.margin'),
      party: null,
      rate: null,
      billedSeconds: null,
      amount: cdr.margin,
      currency: cdr.currency,
    },
  ]
}
