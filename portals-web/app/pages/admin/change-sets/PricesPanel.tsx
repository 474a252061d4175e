import { CircleCheck, TriangleAlert } from 'lucide-react'
import { useTranslation } from 'react-i18next'

import type { PriceCheck, PriceFinding } from '~/api/__generated__/schema'
import { useFormat } from '~/hooks/use-format'
import { MoneyCell } from '~/table/cells/MoneyCell'
import { Panel } from '~/ui/lib/Panel'
import { PlainTable } from '~/ui/lib/PlainTable'
import { NO_VALUE } from '~/util/money'

const FAULTS = ['below_cost', 'below_margin', 'no_route', 'no_rate'] as const

/** Names of customers beside a finding. */
const NAMES_MAX = 2

/** Every destination of every customer that is touched, with or without traffic to it. */
export function PricesPanel({ prices }: { prices: PriceCheck | null }) {
  const { t } = useTranslation('changeSets')
  const format = useFormat()
  if (!prices) return null
  const faults = FAULTS.filter((fault) => prices[fault] > 0)
  const isSound = faults.length === 0
  const isLoss = prices.below_cost > 0
  const Icon = isSound ? CircleCheck : TriangleAlert
  const tone = isSound
    ? 'bg-badge-success-bg text-badge-success'
    : isLoss
      ? 'bg-badge-danger-bg text-badge-danger'
      : 'bg-badge-warning-bg text-badge-warning'
  return (
    <Panel title={t('prices.title')} padded={false}>
      <div
        role={isLoss ? 'alert' : undefined}
        className={`flex items-start gap-2 px-4 py-3 ${tone}`}
      >
        <Icon aria-hidden size={16} strokeWidth={1.75} className="mt-0.5 shrink-0" />
        <div className="min-w-0">
          {isSound ? <p className="font-medium">{t('prices.sound')}</p> : null}
          {faults.map((fault) => (
            <p key={fault} className="font-medium">
              {t(`prices.count.${fault}`, {
                count: prices[fault],
                formatted: format.count(prices[fault]),
              })}
            </p>
          ))}
          <p>
            {t('prices.lead', {
              count: prices.destinations,
              formatted: format.count(prices.destinations),
              customers: format.count(prices.customers),
            })}
            {prices.is_complete ? null : ` ${t('prices.incomplete')}`}
          </p>
          {prices.unjudged_carriers.length > 0 ? (
            <p>{t('prices.unjudged', { carriers: prices.unjudged_carriers.join(', ') })}</p>
          ) : null}
        </div>
      </div>
      {isSound ? null : <Findings prices={prices} />}
    </Panel>
  )
}

function Findings({ prices: { findings, currency } }: { prices: PriceCheck }) {
  const { t } = useTranslation('changeSets')
  const money = (amount: string | null, isSigned = false) =>
    amount === null ? NO_VALUE : <MoneyCell amount={amount} currency={currency} signed={isSigned} />
  return (
    <PlainTable<PriceFinding>
      label={t('prices.title')}
      rows={findings}
      rowKey={({ prefix, origin, tags, customers, fault }) =>
        `${fault} ${prefix} ${origin ?? ''} ${tags.join()} ${customers.join()}`
      }
      columns={[
        { id: 'fault', header: t('prices.fault'), cell: ({ fault }) => t(`prices.is.${fault}`) },
        {
          id: 'prefix',
          header: t('prices.prefix'),
          cell: ({ prefix, origin, tags }) =>
            [prefix, origin === null ? '' : `← ${origin}`, ...tags]
              .filter((part) => part !== '')
              .join(' '),
        },
        {
          id: 'destination',
          header: t('prices.destination'),
          cell: ({ destination }) => destination ?? NO_VALUE,
        },
        {
          id: 'price',
          header: t('prices.price', { currency }),
          align: 'end',
          cell: ({ price_per_minute }) => money(price_per_minute),
        },
        {
          id: 'cost',
          header: t('prices.cost', { currency }),
          align: 'end',
          cell: ({ cost_per_minute }) => money(cost_per_minute),
        },
        {
          id: 'margin',
          header: t('prices.margin', { currency }),
          align: 'end',
          cell: ({ margin_per_minute }) => money(margin_per_minute, true),
        },
        {
          id: 'carrier',
          header: t('prices.carrier'),
          cell: ({ carrier, is_carrier_unjudged }) =>
            is_carrier_unjudged && carrier !== null
              ? t('prices.ifItTakes', { carrier })
              : (carrier ?? NO_VALUE),
        },
        {
          id: 'customers',
          header: t('prices.customers'),
          cell: (finding) => <Customers finding={finding} />,
        },
        {
          id: 'before',
          header: t('prices.before', { currency }),
          align: 'end',
          cell: ({ price_before }) => money(price_before),
        },
      ]}
    />
  )
}

function Customers({ finding: { customers, customers_count } }: { finding: PriceFinding }) {
  const { t } = useTranslation('changeSets')
  const format = useFormat()
  const more = customers_count - Math.min(customers.length, NAMES_MAX)
  return (
    <span title={customers.join(', ')}>
      {customers.slice(0, NAMES_MAX).join(', ')}
      {more > 0 ? ` ${t('prices.more', { count: more, formatted: format.count(more) })}` : null}
    </span>
  )
}
