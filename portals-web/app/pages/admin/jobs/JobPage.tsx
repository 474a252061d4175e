import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { ChevronLeft, SearchX } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { JobDetail } from '~/api/__generated__/schema'
import { errorCode } from '~/api/errors'
import { discardJob, jobQuery, retryJob } from '~/api/jobs'
import { ActionDock } from '~/components/ActionDock'
import { ConfirmDialog } from '~/components/ConfirmDialog'
import { ErrorNotice } from '~/components/ErrorNotice'
import { PageHeader } from '~/components/PageHeader'
import { ProblemNotice } from '~/components/ProblemNotice'
import { useFormat } from '~/hooks/use-format'
import { useTitle } from '~/hooks/use-title'
import { toast } from '~/stores/toasts'
import { Button } from '~/ui/lib/Button'
import { EmptyState } from '~/ui/lib/EmptyState'
import { Facts } from '~/ui/lib/Facts'
import { Panel } from '~/ui/lib/Panel'
import { Skeleton } from '~/ui/lib/Skeleton'
import { NO_VALUE } from '~/util/money'
import { pb } from '~/util/path-builder'

import { JobRuns } from './JobRuns'
import { JobStateBadge } from './JobStateBadge'

/** Until it is finished it is asked for again. */
const REFRESH_MS = 3_000

export default function JobPage() {
  const { t } = useTranslation('jobs')
  const { id } = useParams({ from: '/shell/system/jobs/$id' })
  const { data, error, refetch } = useQuery({
    ...jobQuery(id),
    refetchInterval: ({ state }) =>
      state.data?.state === 'ready' || state.data?.state === 'running' ? REFRESH_MS : false,
  })
  const title = t('detail.title', { id })
  useTitle(title, t('title'))
  return (
    <>
      <PageHeader
        title={title}
        breadcrumb={
          <Link
            {...pb.jobs()}
            className="-ms-1.5 flex h-8 items-center gap-0.5 rounded-control pe-2 text-ink-2 hover:bg-hover hover:text-ink"
          >
            <ChevronLeft aria-hidden size={16} strokeWidth={1.75} />
            {t('title')}
          </Link>
        }
        badges={data ? <JobStateBadge state={data.state} /> : null}
      />
      {data ? <Details job={data} /> : null}
      {error && !data ? (
        errorCode(error) === 'not-found' ? (
          <EmptyState icon={SearchX} title={t('detail.notFound', { id })}>
            {t('detail.notFoundBody')}
          </EmptyState>
        ) : (
          <ErrorNotice error={error} onRetry={() => void refetch()} />
        )
      ) : null}
      {!data && !error ? <Skeleton className="m-5 h-64 max-w-240" /> : null}
    </>
  )
}

function Details({ job }: { job: JobDetail }) {
  const { t } = useTranslation('jobs')
  const format = useFormat()
  const time = (at: string) => `${format.dateTime(at)} ${format.zoneName}`
  return (
    <>
      <div className="grid max-w-300 items-start gap-4 p-5 xl:grid-cols-[1fr_2fr]">
        <Panel title={t('detail.facts')}>
          <Facts
            facts={[
              { label: t('column.kind'), value: job.kind, mono: true },
              {
                label: t('column.attempts'),
                value: t('attemptsOf', { count: job.attempts, max: job.attempts_max }),
              },
              { label: t('detail.priority'), value: job.priority },
              { label: t('detail.created'), value: time(job.created_at) },
              { label: t('column.runAt'), value: time(job.run_at) },
              { label: t('column.updated'), value: time(job.updated_at) },
              { label: t('detail.uniqueKey'), value: job.unique_key ?? NO_VALUE, mono: true },
            ]}
          />
        </Panel>
        <div className="flex min-w-0 flex-col gap-4">
          <Panel title={t('detail.runs')} padded={false}>
            <JobRuns runs={job.runs} />
          </Panel>
          <Panel title={t('detail.payload')}>
            <pre className="overflow-x-auto font-mono text-meta whitespace-pre-wrap">
              {JSON.stringify(job.payload, null, 2)}
            </pre>
          </Panel>
        </div>
      </div>
      <Actions job={job} />
    </>
  )
}

function Actions({ job }: { job: JobDetail }) {
  const { t } = useTranslation('jobs')
  const client = useQueryClient()
  const [isAsking, setAsking] = useState(false)
  const { id, state } = job
  const take = async (next: JobDetail) => {
    client.setQueryData(jobQuery(String(id)).queryKey, next)
    await client.invalidateQueries({ queryKey: ['jobs', 'page'] })
  }
  const retry = useMutation({
    mutationFn: () => retryJob(id),
    onSuccess: async (next) => {
      toast(t('detail.retried', { id }))
      await take(next)
    },
  })
  const discard = useMutation({
    mutationFn: () => discardJob(id),
    onSuccess: async (next) => {
      setAsking(false)
      toast(t('detail.discarded', { id }))
      await take(next)
    },
  })
  if (state === 'running' || state === 'done') return null
  return (
    <>
      <ActionDock label={t('detail.title', { id })}>
        {retry.error ? <ProblemNotice error={retry.error} /> : null}
        {state === 'discarded' ? null : (
          <Button variant="danger" onClick={() => setAsking(true)}>
            {t('detail.discard')}
          </Button>
        )}
        <Button variant="primary" disabled={retry.isPending} onClick={() => retry.mutate()}>
          {state === 'ready' ? t('detail.runNow') : t('detail.retry')}
        </Button>
      </ActionDock>
      {isAsking ? (
        <ConfirmDialog
          title={t('detail.discardTitle', { id })}
          confirm={t('detail.discard')}
          isDanger
          isBusy={discard.isPending}
          error={discard.error}
          onConfirm={() => discard.mutate()}
          onClose={() => setAsking(false)}
        >
          <p>{t('detail.discardBody')}</p>
        </ConfirmDialog>
      ) : null}
    </>
  )
}
