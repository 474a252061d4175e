import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { AlarmClock, Play } from 'lucide-react'
import { useTranslation } from 'react-i18next'

import type { JobSchedule } from '~/api/__generated__/schema'
import { jobSchedulesQuery, runSchedule } from '~/api/jobs'
import { PageHeader } from '~/components/PageHeader'
import { ProblemNotice } from '~/components/ProblemNotice'
import { useFormat } from '~/hooks/use-format'
import { useTitle } from '~/hooks/use-title'
import { type Column, DataTable } from '~/table/DataTable'
import { toast } from '~/stores/toasts'
import { Button } from '~/ui/lib/Button'
import { EmptyState } from '~/ui/lib/EmptyState'
import { pb } from '~/util/path-builder'

/** What the clock puts into the queue, and when. */
export default function SchedulesPage() {
  const { t } = useTranslation('jobs')
  const { data, error, refetch } = useQuery(jobSchedulesQuery)
  const client = useQueryClient()
  useTitle(t('schedules'))
  const run = useMutation({
    mutationFn: runSchedule,
    onSuccess: async ({ job_id }, name) => {
      toast(t(job_id === null ? 'schedule.already' : 'schedule.started', { name }))
      await client.invalidateQueries({ queryKey: ['jobs'] })
    },
  })
  const columns = useColumns(run.isPending, run.mutate)
  return (
    <div className="flex h-full flex-col">
      <PageHeader title={t('schedules')} />
      {run.error ? (
        <div className="px-5 pt-3">
          <ProblemNotice error={run.error} />
        </div>
      ) : null}
      <div className="min-h-0 grow bg-surface">
        <DataTable
          label={t('schedules')}
          columns={columns}
          rows={data?.items}
          rowKey={({ name }) => name}
          error={error}
          onRetry={() => void refetch()}
          empty={<EmptyState icon={AlarmClock} title={t('schedule.none')} />}
        />
      </div>
    </div>
  )
}

function useColumns(isBusy: boolean, run: (name: string) => void): Column<JobSchedule>[] {
  const { t } = useTranslation('jobs')
  const format = useFormat()
  return [
    {
      id: 'name',
      header: t('schedule.name'),
      width: 180,
      cell: ({ name }) => <span className="font-medium">{name}</span>,
    },
    {
      id: 'summary',
      header: t('schedule.summary'),
      minWidth: 240,
      cell: ({ summary }) => <span className="text-ink-2">{summary}</span>,
    },
    {
      id: 'cron',
      header: t('schedule.cron'),
      width: 132,
      cell: ({ cron }) => <span className="font-mono text-meta">{cron}</span>,
    },
    {
      id: 'next',
      header: `${t('schedule.next')} ${format.zoneName}`,
      width: 176,
      cell: ({ next_run_at }) => format.dateTime(next_run_at),
    },
    {
      id: 'last',
      header: `${t('schedule.last')} ${format.zoneName}`,
      width: 176,
      cell: ({ last_run_at, last_job_id }) => {
        if (last_run_at === null) return <span className="text-ink-3">{t('schedule.never')}</span>
        const time = format.dateTime(last_run_at)
        if (last_job_id === null) return time
        return (
          <Link {...pb.job(last_job_id)} className="text-link hover:underline">
            {time}
          </Link>
        )
      },
    },
    {
      id: 'run',
      header: t('schedule.runShort'),
      width: 132,
      align: 'end',
      cell: ({ name }) => (
        <Button
          size="toolbar"
          aria-label={t('schedule.run', { name })}
          disabled={isBusy}
          onClick={() => run(name)}
        >
          <Play aria-hidden size={14} />
          {t('schedule.runShort')}
        </Button>
      ),
    },
  ]
}
