import { ListChecks } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { MoneyLine, Replay, ReplayLine } from '~/api/__generated__/schema'
import { useFormat } from '~/hooks/use-format'
import { useReason } from '~/hooks/use-reason'
import { MoneyCell } from '~/table/cells/MoneyCell'
import { EmptyState } from '~/ui/lib/EmptyState'
import { Panel } from '~/ui/lib/Panel'
import { PlainTable } from '~/ui/lib/PlainTable'
import { Segmented } from '~/ui/lib/Segmented'
import { isNegative, isZero } from '~/util/money'
import { subtract } from '~/util/money-math'

import { CarrierShares } from './CarrierShares'

const GROUPS = ['by_carrier', 'by_customer', 'by_destination'] as const
type Group = (typeof GROUPS)[number]

/** Recent calls decided twice: as the switch does now, and as it would. */
export function ReplayPanel({ replay }: { replay: Replay | null }) {
  const { t } = useTranslation('changeSets')
  const format = useFormat()
  if (!replay || replay.calls === 0) {
    return (
      <Panel title={t('replay.title')}>
        {replay ? (
          <EmptyState icon={ListChecks} title={t('replay.none')}>
            {t('replay.noneBody')}
          </EmptyState>
        ) : (
          <p className="text-ink-2">{t('replay.notAllowed')}</p>
        )}
      </Panel>
    )
  }
  const { calls, from, to, currency } = replay
  return (
    <Panel title={t('replay.title')} padded={false}>
      <p className="px-4 pt-3 text-ink-2">
        {t('replay.lead', {
          count: calls,
          formatted: format.count(calls),
          from: from ? format.dateTime(from) : '',
          to: to ? format.dateTime(to) : '',
          zone: format.zoneName,
        })}
      </p>
      <Counts replay={replay} />
      <div className="grid gap-4 border-t border-line p-4 xl:grid-cols-2">
        <MoneyComparison before={replay.before} after={replay.after} currency={currency} />
        <CarrierShares lines={replay.by_carrier} />
      </div>
      <Lines replay={replay} />
    </Panel>
  )
}

function Counts({ replay }: { replay: Replay }) {
  const { t } = useTranslation('changeSets')
  const format = useFormat()
  const reason = useReason()
  const bad = (count: number) => (count > 0 ? 'text-danger' : 'text-ink')
  const counts = [
    { label: t('replay.routes'), count: replay.routes_changed, tone: 'text-ink' },
    { label: t('replay.carrier'), count: replay.carrier_changed, tone: 'text-ink' },
    { label: t('replay.price'), count: replay.price_changed, tone: 'text-ink' },
    { label: t('replay.routed'), count: replay.newly_routed, tone: 'text-ink' },
    {
      label: t('replay.blocked'),
      count: replay.newly_blocked,
      tone: bad(replay.newly_blocked),
    },
    { label: t('replay.belowCost'), count: replay.below_cost, tone: bad(replay.below_cost) },
  ]
  return (
    <>
      <dl className="grid grid-cols-3 gap-y-2 p-4 xl:grid-cols-6">
        {counts.map(({ label, count, tone }) => (
          <div key={label}>
            <dt className="text-meta text-ink-2">{label}</dt>
            <dd className={`text-section font-semibold tabular-nums ${tone}`}>
              {format.count(count)}
            </dd>
          </div>
        ))}
      </dl>
      {replay.unread_decisions > 0 ? (
        <p className="px-4 pb-3 text-danger">
          {t('replay.unread', { formatted: format.count(replay.unread_decisions) })}
        </p>
      ) : null}
      {replay.blocked_reasons.length > 0 ? (
        <p className="px-4 pb-3 text-ink-2">
          {t('replay.blockedWhy')}:{' '}
          {replay.blocked_reasons
            .map((each) => `${reason(each.reason)} (${format.count(each.calls)})`)
            .join(', ')}
        </p>
      ) : null}
    </>
  )
}

interface MoneyComparisonProps {
  before: MoneyLine
  after: MoneyLine
  currency: string
}

function MoneyComparison({ before, after, currency }: MoneyComparisonProps) {
  const { t } = useTranslation('changeSets')
  const format = useFormat()
  const rows = (['revenue', 'cost', 'margin'] as const).map((id) => ({
    id,
    before: before[id],
    after: after[id],
    difference: subtract(after[id], before[id]),
  }))
  return (
    <section aria-label={t('replay.money')} className="min-w-0">
      <h3 className="pb-1 font-medium">{t('replay.money')}</h3>
      <PlainTable
        label={t('replay.money')}
        rows={rows}
        rowKey={({ id }) => id}
        isStrong={({ id }) => id === 'margin'}
        columns={[
          { id: 'what', header: currency, cell: ({ id }) => t(`replay.${id}`) },
          {
            id: 'before',
            header: t('replay.before'),
            align: 'end',
            cell: (row) => format.amount(row.before, currency, 'sum'),
          },
          {
            id: 'after',
            header: t('replay.after'),
            align: 'end',
            cell: (row) => format.amount(row.after, currency, 'sum'),
          },
          {
            id: 'difference',
            header: t('replay.difference'),
            align: 'end',
            cell: ({ id, difference }) => (
              <Difference amount={difference} currency={currency} isCost={id === 'cost'} />
            ),
          },
        ]}
      />
    </section>
  )
}

interface DifferenceProps {
  amount: string
  currency: string
  /** More of it is worse. */
  isCost?: boolean
}

/** With its sign, and the colour of good or bad news. */
function Difference({ amount, currency, isCost = false }: DifferenceProps) {
  const format = useFormat()
  const text = format.amount(amount, currency, 'sum')
  if (isZero(amount)) return <span className="text-ink-3">{text}</span>
  const isGood = isNegative(amount) === isCost
  return (
    <span className={isGood ? 'text-success' : 'text-danger'}>
      {isNegative(amount) ? text : `+${text}`}
    </span>
  )
}

function Lines({ replay }: { replay: Replay }) {
  const { t } = useTranslation('changeSets')
  const format = useFormat()
  const [group, setGroup] = useState<Group>('by_carrier')
  const { currency } = replay
  const rows = replay[group]
  return (
    <div className="border-t border-line">
      <div className="p-4 pb-2">
        <Segmented<Group>
          label={t('replay.by')}
          value={group}
          options={GROUPS.map((value) => ({ value, label: t(`replay.${value}`) }))}
          onChange={setGroup}
        />
      </div>
      {rows.length === 0 ? (
        <p className="px-4 pb-4 text-ink-2">{t('replay.noLines')}</p>
      ) : (
        <PlainTable<ReplayLine>
          label={t(`replay.${group}`)}
          rows={rows}
          rowKey={({ name }) => name}
          columns={[
            { id: 'name', header: t(`replay.${group}`), cell: ({ name }) => name },
            {
              id: 'calls',
              header: t('replay.calls'),
              align: 'end',
              cell: ({ calls }) => format.count(calls),
            },
            {
              id: 'routes',
              header: t('replay.routes'),
              align: 'end',
              cell: ({ routes_changed }) => format.count(routes_changed),
            },
            {
              id: 'blocked',
              header: t('replay.blocked'),
              align: 'end',
              cell: ({ newly_blocked }) => (
                <span className={newly_blocked > 0 ? 'text-danger' : undefined}>
                  {format.count(newly_blocked)}
                </span>
              ),
            },
            {
              id: 'before',
              header: `${t('replay.margin')} ${t('replay.before').toLowerCase()}`,
              align: 'end',
              cell: ({ before }) => <MoneyCell amount={before.margin} currency={currency} signed />,
            },
            {
              id: 'after',
              header: `${t('replay.margin')} ${t('replay.after').toLowerCase()}`,
              align: 'end',
              cell: ({ after }) => <MoneyCell amount={after.margin} currency={currency} signed />,
            },
            {
              id: 'difference',
              header: t('replay.difference'),
              align: 'end',
              cell: ({ before, after }) => (
                <Difference amount={subtract(after.margin, before.margin)} currency={currency} />
              ),
            },
          ]}
        />
      )}
    </div>
  )
}
