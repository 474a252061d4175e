import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { ChevronLeft, SearchX } from 'lucide-react'
import { useTranslation } from 'react-i18next'

import type { JobDetail } from '~/api/__generated__/schema'
import { errorCode } from '~/api/errors'
import { isTelling, jobQuery } from '~/api/jobs'
import { ErrorNotice } from '~/components/ErrorNotice'
import { PageHeader } from '~/components/PageHeader'
import { useFormat } from '~/hooks/use-format'
import { useTitle } from '~/hooks/use-title'
import { EmptyState } from '~/ui/lib/EmptyState'
import { Facts } from '~/ui/lib/Facts'
import { Panel } from '~/ui/lib/Panel'
import { Skeleton } from '~/ui/lib/Skeleton'
import { NO_VALUE } from '~/util/money'
import { pb } from '~/util/path-builder'

import { JobActions } from './JobActions'
import { JobProgressBar } from './JobProgressBar'
import { JobRuns } from './JobRuns'
import { isStopping, JobBadge } from './JobStateBadge'

/** Until it is finished it is asked for again. */
const REFRESH_MS = 3_000
/** While it tells how far it is. */
const REFRESH_TELLING_MS = 1_000

export default function JobPage() {
  const { t } = useTranslation('jobs')
  const { id } = useParams({ from: '/shell/system/jobs/$id' })
  const { data, error, refetch } = useQuery({
    ...jobQuery(id),
    refetchInterval: ({ state: { data: job } }) => {
      if (job?.state !== 'ready' && job?.state !== 'running') return false
      return isTelling(job) ? REFRESH_TELLING_MS : REFRESH_MS
    },
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
        badges={data ? <JobBadge job={data} /> : null}
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
              ...(job.cancelled_by === null
                ? []
                : [{ label: t('detail.cancelledBy'), value: job.cancelled_by }]),
            ]}
          />
        </Panel>
        <div className="flex min-w-0 flex-col gap-4">
          {job.progress ? (
            <Panel title={t('progress.title')}>
              <JobProgressBar job={job} />
              {isStopping(job) ? (
                <p className="pt-2 text-ink-2">
                  {t('progress.stopping', { name: job.cancelled_by })}
                </p>
              ) : null}
            </Panel>
          ) : null}
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
      <JobActions job={job} />
    </>
  )
}
