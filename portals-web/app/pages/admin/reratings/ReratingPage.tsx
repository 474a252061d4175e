import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useParams, useRouter } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { Rerating, ReratingOutcome } from '~/api/__generated__/schema'
import { applyRerating, discardRerating, isWorking, reratingQuery } from '~/api/reratings'
import { ActionDock } from '~/components/ActionDock'
import { ConfirmDialog } from '~/components/ConfirmDialog'
import { ErrorNotice } from '~/components/ErrorNotice'
import { PageHeader } from '~/components/PageHeader'
import { useFormat } from '~/hooks/use-format'
import { usePermission } from '~/hooks/use-permission'
import { useTitle } from '~/hooks/use-title'
import { toast } from '~/stores/toasts'
import { Button } from '~/ui/lib/Button'
import { Facts } from '~/ui/lib/Facts'
import { Panel } from '~/ui/lib/Panel'
import { PlainTable } from '~/ui/lib/PlainTable'
import { Skeleton } from '~/ui/lib/Skeleton'
import { pb } from '~/util/path-builder'

import { ReratingState } from './ReratingState'

const REFRESH_MS = 1_000

/** A preview with its differences, and what is done with it. */
export default function ReratingPage() {
  const { t } = useTranslation('reratings')
  const { id } = useParams({ from: '/shell/reports/reratings/$id' })
  const { data, error, refetch } = useQuery({
    ...reratingQuery(Number(id)),
    refetchInterval: ({ state: { data: found } }) =>
      found && isWorking(found) ? REFRESH_MS : false,
  })
  const title = t('one', { id })
  useTitle(title, t('title'))
  return (
    <>
      <PageHeader title={title} badges={data ? <ReratingState state={data.state} /> : null} />
      {error && !data ? <ErrorNotice error={error} onRetry={() => void refetch()} /> : null}
      {data ? (
        <>
          <div className="flex flex-col gap-4 p-5">
            <Asked rerating={data} />
            {data.progress && isWorking(data) ? (
              <p role="status">{t('working', { count: data.progress.done })}</p>
            ) : null}
            {data.state === 'failed' ? (
              <p role="status" className="text-danger">
                {t('noPreview', { failure: data.failure ?? t('stopped') })}
              </p>
            ) : null}
            {data.outcome ? <Outcome outcome={data.outcome} /> : null}
          </div>
          <Actions rerating={data} />
        </>
      ) : null}
      {!data && !error ? <Skeleton className="m-5 h-64 max-w-240" /> : null}
    </>
  )
}

function Asked({ rerating }: { rerating: Rerating }) {
  const { t } = useTranslation('reratings')
  const format = useFormat()
  const { change_set, snapshot, outcome, applied_at, applied_by } = rerating
  const configuration =
    change_set === null ? (snapshot ?? t('facts.inForce')) : `${t('facts.changeSet')} ${change_set}`
  const only: [string, string | null][] = [
    [t('facts.party'), rerating.party],
    [t('facts.ratedBy'), rerating.rated_by],
    [t('facts.destination'), rerating.destination],
    [t('facts.prefix'), rerating.called_prefix],
    [t('facts.reason'), rerating.reason],
    [t('facts.appliedBy'), applied_by && `${applied_by}, ${format.dateTime(applied_at ?? '')}`],
    [t('facts.total'), outcome && format.money(outcome.difference_in_books, 'USD')],
  ]
  return (
    <Panel title={t('facts.title')}>
      <Facts
        facts={[
          { label: t('facts.side'), value: t(`side.${rerating.side}`) },
          {
            label: t('column.from'),
            value: `${format.dateTime(rerating.from)} ${format.zoneName}`,
          },
          { label: t('column.to'), value: `${format.dateTime(rerating.to)} ${format.zoneName}` },
          { label: t('facts.rateCard'), value: rerating.rate_card ?? t('facts.ownCards') },
          { label: t('facts.snapshot'), value: configuration },
          ...only.flatMap(([label, value]) => (value ? [{ label, value }] : [])),
        ]}
      />
    </Panel>
  )
}

function Outcome({ outcome }: { outcome: ReratingOutcome }) {
  const { t } = useTranslation('reratings')
  const format = useFormat()
  const { parties, reasons } = outcome
  return (
    <>
      <Panel title={t('party.title')} padded={parties.length === 0}>
        {parties.length === 0 ? (
          <p className="text-ink-2">{t('party.none')}</p>
        ) : (
          <PlainTable
            label={t('party.title')}
            rows={parties}
            rowKey={({ id, currency }) => `${id}/${currency}`}
            columns={[
              { id: 'name', header: t('party.name'), cell: ({ name }) => name },
              ...(['rated', 'changed', 'unrated'] as const).map((id) => ({
                id,
                header: t(`party.${id}`),
                align: 'end' as const,
                cell: (row: (typeof parties)[number]) => format.count(row[id]),
              })),
              ...(['was', 'now', 'difference'] as const).map((id) => ({
                id,
                header: t(`party.${id}`),
                align: 'end' as const,
                cell: (row: (typeof parties)[number]) => format.money(row[id], row.currency),
              })),
            ]}
          />
        )}
      </Panel>
      {reasons.length === 0 ? null : (
        <Panel title={t('reasons.title')} padded={false}>
          <PlainTable
            label={t('reasons.title')}
            rows={reasons}
            rowKey={({ reason }) => reason}
            columns={[
              {
                id: 'reason',
                header: t('reasons.reason'),
                cell: ({ reason }) => t(`reasons.${reason}`),
              },
              {
                id: 'count',
                header: t('reasons.count'),
                align: 'end',
                cell: ({ count }) => format.count(count),
              },
              {
                id: 'calls',
                header: t('reasons.calls'),
                cell: ({ calls }) => <span className="font-mono text-meta">{calls[0]}</span>,
              },
            ]}
          />
        </Panel>
      )}
    </>
  )
}

function Actions({ rerating }: { rerating: Rerating }) {
  const { t } = useTranslation('reratings')
  const format = useFormat()
  const router = useRouter()
  const client = useQueryClient()
  const canWrite = usePermission('ledger.write')
  const [question, setQuestion] = useState<'apply' | 'discard' | null>(null)
  const { id, state, outcome } = rerating
  const apply = useMutation({
    mutationFn: () => applyRerating(id),
    onSuccess: async (next) => {
      setQuestion(null)
      toast(t('applied'))
      client.setQueryData(reratingQuery(id).queryKey, next)
      await client.invalidateQueries({ queryKey: ['ledger'] })
    },
  })
  const discard = useMutation({
    mutationFn: () => discardRerating(id),
    onSuccess: async () => {
      toast(t('discarded'))
      await client.invalidateQueries({ queryKey: ['reratings', 'page'] })
      await router.navigate(pb.reratings())
    },
  })
  if (!canWrite || state === 'applying' || state === 'applied') return null
  const changed = outcome?.changed ?? 0
  return (
    <>
      <ActionDock label={t('one', { id })} status={null}>
        {state === 'stopped' ? null : (
          <Button variant="danger" onClick={() => setQuestion('discard')}>
            {t('discard')}
          </Button>
        )}
        {(state === 'ready' || state === 'stopped') && changed > 0 ? (
          <Button variant="primary" onClick={() => setQuestion('apply')}>
            {t('apply')}
          </Button>
        ) : null}
      </ActionDock>
      {question === 'apply' ? (
        <ConfirmDialog
          title={t('one', { id })}
          confirm={t('apply')}
          isBusy={apply.isPending}
          error={apply.error}
          onConfirm={() => apply.mutate()}
          onClose={() => setQuestion(null)}
        >
          <p>
            {t('applySure', {
              count: changed,
              difference: format.money(outcome?.difference_in_books, 'USD'),
            })}
          </p>
        </ConfirmDialog>
      ) : null}
      {question === 'discard' ? (
        <ConfirmDialog
          title={t('one', { id })}
          confirm={t('discard')}
          isDanger
          isBusy={discard.isPending}
          error={discard.error}
          onConfirm={() => discard.mutate()}
          onClose={() => setQuestion(null)}
        >
          <p>{t('discardSure')}</p>
        </ConfirmDialog>
      ) : null}
    </>
  )
}
