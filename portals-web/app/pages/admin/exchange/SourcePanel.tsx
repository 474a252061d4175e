import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { ExchangeQuote, ExchangeQuotes } from '~/api/__generated__/schema'
import { confirmRate, quotesQuery, refreshSource } from '~/api/exchange'
import { ConfirmDialog } from '~/components/ConfirmDialog'
import { ErrorNotice } from '~/components/ErrorNotice'
import { ProblemNotice } from '~/components/ProblemNotice'
import { useFormat } from '~/hooks/use-format'
import { usePermission } from '~/hooks/use-permission'
import { toast } from '~/stores/toasts'
import { Badge, type Tone } from '~/ui/lib/Badge'
import { Button } from '~/ui/lib/Button'
import { Facts } from '~/ui/lib/Facts'
import { Panel } from '~/ui/lib/Panel'
import { PlainTable } from '~/ui/lib/PlainTable'
import { Skeleton } from '~/ui/lib/Skeleton'
import { NO_VALUE } from '~/util/money'

const TONES: Record<NonNullable<ExchangeQuote['state']>, Tone> = {
  in_force: 'success',
  later: 'neutral',
  waits: 'warning',
  missing: 'danger',
}

/** One source: how old its rates are, each currency, and reading it now. */
export function SourcePanel({ id, name }: { id: number; name: string }) {
  const { t } = useTranslation('exchange')
  const client = useQueryClient()
  const canWrite = usePermission('exchange_source.write')
  const { data, error, refetch } = useQuery(quotesQuery(id))
  const refresh = useMutation({
    mutationFn: () => refreshSource(id),
    onSuccess: async (next) => {
      if (next.failure === null) toast(t('refreshed'))
      client.setQueryData(quotesQuery(id).queryKey, next)
      await client.invalidateQueries({ queryKey: ['resources', 'exchange_rate'] })
    },
  })
  const action = canWrite ? (
    <Button disabled={refresh.isPending} onClick={() => refresh.mutate()}>
      {t('refresh')}
    </Button>
  ) : null
  return (
    <Panel title={name} actions={action}>
      {error && !data ? <ErrorNotice error={error} onRetry={() => void refetch()} /> : null}
      {!data && !error ? <Skeleton className="h-32" /> : null}
      {refresh.error ? <ProblemNotice error={refresh.error} /> : null}
      {data ? (
        <div className="flex flex-col gap-4">
          <Age quotes={data} />
          <Quotes id={id} quotes={data.quotes} label={name} />
        </div>
      ) : null}
    </Panel>
  )
}

function Age({ quotes }: { quotes: ExchangeQuotes }) {
  const { t } = useTranslation('exchange')
  const format = useFormat()
  const time = (at: string | null, none: string) =>
    at === null ? none : `${format.dateTime(at)} ${format.zoneName}`
  const { published_at, read_at, next_at, failure, is_stale } = quotes
  return (
    <>
      <div>
        <Badge tone={is_stale ? 'danger' : 'success'}>{t(is_stale ? 'stale' : 'fresh')}</Badge>
      </div>
      <Facts
        facts={[
          { label: t('facts.published'), value: time(published_at, t('facts.never')) },
          { label: t('facts.read'), value: time(read_at, t('facts.never')) },
          { label: t('facts.next'), value: time(next_at, t('facts.inactive')) },
        ]}
      />
      {failure === null ? null : (
        <p role="status" className="text-danger">
          {failure}
        </p>
      )}
    </>
  )
}

function Quotes({ id, quotes, label }: { id: number; quotes: ExchangeQuote[]; label: string }) {
  const { t } = useTranslation('exchange')
  const format = useFormat()
  const canConfirm = usePermission('exchange_rate.write')
  const [asked, setAsked] = useState<ExchangeQuote | null>(null)
  const move = ({ move_bps }: ExchangeQuote) =>
    move_bps === null ? NO_VALUE : format.percent(move_bps / 100, 2)
  const columns = (['rate', 'in_force', 'shown'] as const).map((field) => ({
    id: field,
    header: t(`column.${field === 'in_force' ? 'inForce' : field}`),
    align: 'end' as const,
    cell: (quote: ExchangeQuote) => quote[field] ?? NO_VALUE,
  }))
  return (
    <>
      <p className="text-meta text-ink-2">{t('unit')}</p>
      <PlainTable
        label={label}
        rows={quotes}
        rowKey={({ currency }) => currency}
        columns={[
          { id: 'currency', header: t('column.currency'), cell: ({ currency }) => currency },
          {
            id: 'state',
            header: t('column.state'),
            cell: ({ state, reason }) =>
              state === null ? (
                t('unread')
              ) : (
                <span title={reason ?? undefined}>
                  <Badge tone={TONES[state]}>{t(`state.${state}`)}</Badge>
                </span>
              ),
          },
          ...columns,
          {
            id: 'next',
            header: t('column.next'),
            align: 'end',
            cell: ({ next }) => next ?? NO_VALUE,
          },
          { id: 'move', header: t('column.move'), align: 'end', cell: move },
          {
            id: 'confirm',
            header: '',
            cell: (quote) =>
              canConfirm && quote.state === 'waits' ? (
                <Button onClick={() => setAsked(quote)}>{t('confirm')}</Button>
              ) : null,
          },
        ]}
      />
      {asked ? (
        <Confirm id={id} quote={asked} move={move(asked)} onClose={() => setAsked(null)} />
      ) : null}
    </>
  )
}

interface ConfirmProps {
  id: number
  quote: ExchangeQuote
  move: string
  onClose: () => void
}

function Confirm({ id, quote, move, onClose }: ConfirmProps) {
  const { t } = useTranslation('exchange')
  const client = useQueryClient()
  const { currency } = quote
  const rate = quote.rate ?? ''
  const confirm = useMutation({
    mutationFn: () => confirmRate(id, currency, rate),
    onSuccess: (next) => {
      toast(t('confirmed'))
      client.setQueryData(quotesQuery(id).queryKey, next)
      onClose()
    },
  })
  return (
    <ConfirmDialog
      title={t('confirmTitle', { currency })}
      confirm={t('confirm')}
      isBusy={confirm.isPending}
      error={confirm.error}
      onConfirm={() => confirm.mutate()}
      onClose={onClose}
    >
      <p>{t('confirmSure', { rate, currency, move })}</p>
    </ConfirmDialog>
  )
}
