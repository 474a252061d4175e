import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'

import type { NettingStatement } from '~/api/__generated__/schema'
import { nettingQuery } from '~/api/nettings'
import { ErrorNotice } from '~/components/ErrorNotice'
import { PageHeader } from '~/components/PageHeader'
import { useFormat } from '~/hooks/use-format'
import { useTitle } from '~/hooks/use-title'
import { Facts } from '~/ui/lib/Facts'
import { Panel } from '~/ui/lib/Panel'
import { PlainTable } from '~/ui/lib/PlainTable'
import { Skeleton } from '~/ui/lib/Skeleton'
import { NO_VALUE } from '~/util/money'

import { NettingActions } from './NettingActions'
import { NettingState } from './NettingState'

/** A statement of what both sides owe, and what is done with it. */
export default function NettingPage() {
  const { t } = useTranslation('nettings')
  const { id } = useParams({ from: '/shell/reports/nettings/$id' })
  const { data, error, refetch } = useQuery(nettingQuery(Number(id)))
  const title = t('one', { id })
  useTitle(title, t('title'))
  return (
    <>
      <PageHeader title={title} badges={data ? <NettingState {...data} /> : null} />
      {error && !data ? <ErrorNotice error={error} onRetry={() => void refetch()} /> : null}
      {data ? (
        <>
          <div className="flex flex-col gap-4 p-5">
            {data.failure === null ? null : (
              <p role="status" className="text-danger">
                {t('noStatement', { failure: data.failure })}
              </p>
            )}
            <Statement netting={data} />
            <Lines netting={data} />
          </div>
          <NettingActions netting={data} />
        </>
      ) : null}
      {!data && !error ? <Skeleton className="m-5 h-64 max-w-240" /> : null}
    </>
  )
}

function Statement({ netting }: { netting: NettingStatement }) {
  const { t } = useTranslation('nettings')
  const format = useFormat()
  const { currency, payer, paid_by, paid_at, confirmed_by, confirmed_at } = netting
  const time = (at: string) => `${format.dateTime(at)} ${format.zoneName}`
  const money = (amount: string | null) => (amount ? format.money(amount, currency) : NO_VALUE)
  const later: [string, string | null][] = [
    [t('facts.confirmed'), confirmed_at && `${confirmed_by}, ${time(confirmed_at)}`],
    [t('facts.paid'), paid_at && [paid_by, time(paid_at)].filter(Boolean).join(', ')],
  ]
  return (
    <Panel title={t('facts.title')}>
      <Facts
        facts={[
          { label: t('column.customer'), value: netting.customer ?? NO_VALUE },
          { label: t('facts.carrier'), value: netting.carrier ?? NO_VALUE },
          { label: t('facts.terms'), value: `${netting.terms}, ${netting.time_zone}` },
          { label: t('column.from'), value: time(netting.from) },
          { label: t('column.to'), value: time(netting.to) },
          { label: t('column.they_owe'), value: money(netting.they_owe) },
          { label: t('column.we_owe'), value: money(netting.we_owe) },
          { label: t('column.difference'), value: money(netting.difference) },
          {
            label: t('column.payer'),
            value: payer ? t(payer === 'customer' ? 'payer.customer' : 'payer.us') : NO_VALUE,
          },
          { label: t('facts.due'), value: time(netting.due_from) },
          ...later.flatMap(([label, value]) => (value ? [{ label, value }] : [])),
        ]}
      />
    </Panel>
  )
}

function Lines({ netting: { lines, currency } }: { netting: NettingStatement }) {
  const { t } = useTranslation('nettings')
  const format = useFormat()
  if (lines.length === 0) return null
  return (
    <Panel title={t('lines.title')} padded={false}>
      <PlainTable
        label={t('lines.title')}
        rows={lines}
        rowKey={(line) => `${line.side}/${line.currency}`}
        columns={[
          {
            id: 'side',
            header: t('lines.side'),
            cell: ({ side }) => t(side === 'customer' ? 'lines.customer' : 'lines.carrier'),
          },
          {
            id: 'amount',
            header: t('lines.amount'),
            align: 'end',
            cell: (line) => format.money(line.amount, line.currency),
          },
          {
            id: 'rate',
            header: t('lines.rate'),
            align: 'end',
            cell: ({ exchange_rate }) => exchange_rate,
          },
          {
            id: 'converted',
            header: t('lines.converted'),
            align: 'end',
            cell: ({ converted }) => format.money(converted, currency),
          },
        ]}
      />
    </Panel>
  )
}
