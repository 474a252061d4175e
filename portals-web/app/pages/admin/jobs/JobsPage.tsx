import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { Cog } from 'lucide-react'
import { useTranslation } from 'react-i18next'

import type { Job, JobKindCount } from '~/api/__generated__/schema'
import { isTelling, jobPageQuery } from '~/api/jobs'
import { FilterChip } from '~/components/FilterChip'
import { PageHeader } from '~/components/PageHeader'
import { Pager } from '~/components/Pager'
import { ChoiceEditor } from '~/forms/filter-editors'
import { useFormat } from '~/hooks/use-format'
import { usePages } from '~/hooks/use-pages'
import { useTitle } from '~/hooks/use-title'
import { TimeCell } from '~/table/cells/TimeCell'
import { type Column, DataTable } from '~/table/DataTable'
import { Button } from '~/ui/lib/Button'
import { EmptyState } from '~/ui/lib/EmptyState'
import { pb } from '~/util/path-builder'
import { JOB_STATES, type JobsSearch } from '~/util/searches'

import { JobProgressBar } from './JobProgressBar'
import { JobBadge, JobStateBadge } from './JobStateBadge'

/** Jobs go on while they are looked at. */
const REFRESH_MS = 5_000
/** While one of them tells how far it is. */
const REFRESH_TELLING_MS = 1_000

export default function JobsPage() {
  const { t } = useTranslation(['jobs', 'lists'])
  const search = useSearch({ from: '/shell/system/jobs' })
  const navigate = useNavigate({ from: '/system/jobs' })
  const { cursor, ...filter } = search
  const { data, error, refetch, isPlaceholderData } = useQuery({
    ...jobPageQuery(filter, cursor),
    refetchInterval: ({ state }) => {
      if (cursor !== undefined) return false
      return state.data?.items.some(isTelling) ? REFRESH_TELLING_MS : REFRESH_MS
    },
  })
  const pages = usePages(cursor, data?.next_cursor)
  const columns = useColumns()
  const counts = data?.counts ?? []
  const isFiltered = Boolean(search.state ?? search.kind)
  useTitle(t('title'))
  const change = (next: JobsSearch) =>
    void navigate({ search: (before) => ({ ...before, ...next, cursor: undefined }) })

  return (
    <div className="flex h-full flex-col">
      <PageHeader title={t('title')} badges={<StateCounts counts={counts} onChoose={change} />} />
      <div className="flex min-h-11 shrink-0 flex-wrap items-center gap-2 border-b border-line bg-surface px-5 py-2">
        <FilterChip
          name={t('filter.state')}
          value={search.state && t(`state.${search.state}`)}
          onClear={() => change({ state: undefined })}
        >
          {(close) => (
            <div className="p-2">
              <ChoiceEditor
                label={t('filter.state')}
                options={JOB_STATES.map((value) => ({ value, label: t(`state.${value}`) }))}
                value={search.state}
                onApply={(state) => {
                  change({ state })
                  close()
                }}
              />
            </div>
          )}
        </FilterChip>
        <FilterChip
          name={t('filter.kind')}
          value={search.kind}
          onClear={() => change({ kind: undefined })}
        >
          {(close) => (
            <div className="p-2">
              <ChoiceEditor
                label={t('filter.kind')}
                options={kindsOf(counts).map((value) => ({ value, label: value }))}
                value={search.kind}
                onApply={(kind) => {
                  change({ kind })
                  close()
                }}
              />
            </div>
          )}
        </FilterChip>
        {isFiltered ? (
          <Button
            variant="quiet"
            size="toolbar"
            onClick={() => change({ state: undefined, kind: undefined })}
          >
            {t('lists:clearFilters')}
          </Button>
        ) : null}
        <span className="ms-auto text-meta text-ink-3">
          {t(data?.items.some(isTelling) ? 'refreshRunning' : 'refresh')}
        </span>
      </div>
      <div className="min-h-0 grow bg-surface">
        <DataTable
          label={t('title')}
          columns={columns}
          rows={data?.items}
          rowKey={({ id }) => String(id)}
          rowLink={({ id }) => pb.job(id)}
          error={error}
          onRetry={() => void refetch()}
          isOutdated={isPlaceholderData}
          empty={
            isFiltered ? (
              <EmptyState icon={Cog} title={t('lists:noMatch')} />
            ) : (
              <EmptyState icon={Cog} title={t('empty')}>
                {t('emptyBody')}
              </EmptyState>
            )
          }
        />
      </div>
      <Pager pages={pages}>
        {data ? t('lists:pager.shown', { count: data.items.length }) : null}
      </Pager>
    </div>
  )
}

interface StateCountsProps {
  counts: readonly JobKindCount[]
  onChoose: (search: JobsSearch) => void
}

/** How many there are in each state; those that need somebody can be pressed at once. */
function StateCounts({ counts, onChoose }: StateCountsProps) {
  const { t } = useTranslation('jobs')
  const format = useFormat()
  const inState = JOB_STATES.map((state) => ({
    state,
    count: counts.reduce((sum, each) => sum + (each.state === state ? each.count : 0), 0),
  })).filter(({ count }) => count > 0)
  return (
    <span role="group" aria-label={t('counts')} className="flex flex-wrap items-center gap-1">
      {inState.map(({ state, count }) => (
        <button
          key={state}
          type="button"
          className="flex min-h-6 items-center gap-1.5 rounded-control px-1.5 text-meta text-ink-2 hover:bg-hover"
          onClick={() => onChoose({ state })}
        >
          <JobStateBadge state={state} />
          <span className="tabular-nums">{format.count(count)}</span>
        </button>
      ))}
    </span>
  )
}

function kindsOf(counts: readonly JobKindCount[]): string[] {
  return [...new Set(counts.map(({ kind }) => kind))].toSorted((a, b) => a.localeCompare(b))
}

function useColumns(): Column<Job>[] {
  const { t } = useTranslation('jobs')
  const { zoneName } = useFormat()
  return [
    { id: 'id', header: t('column.id'), width: 104, cell: ({ id }) => id },
    {
      id: 'kind',
      header: t('column.kind'),
      minWidth: 180,
      cell: ({ kind }) => <span className="font-mono text-meta">{kind}</span>,
    },
    {
      id: 'state',
      header: t('column.state'),
      width: 140,
      cell: (job) => <JobBadge job={job} />,
    },
    {
      id: 'progress',
      header: t('column.progress'),
      width: 148,
      cell: (job) => (isTelling(job) ? <JobProgressBar job={job} compact /> : null),
    },
    {
      id: 'attempts',
      header: t('column.attempts'),
      width: 88,
      align: 'end',
      cell: ({ attempts, attempts_max }) => t('attemptsOf', { count: attempts, max: attempts_max }),
    },
    {
      id: 'error',
      header: t('column.error'),
      minWidth: 200,
      cell: ({ last_error }) => <span className="text-ink-2">{last_error}</span>,
    },
    {
      id: 'runAt',
      header: `${t('column.runAt')} ${zoneName}`,
      width: 176,
      align: 'end',
      cell: ({ run_at }) => <TimeCell at={run_at} />,
    },
    {
      id: 'updated',
      header: `${t('column.updated')} ${zoneName}`,
      width: 176,
      align: 'end',
      optional: true,
      cell: ({ updated_at }) => <TimeCell at={updated_at} />,
    },
  ]
}
