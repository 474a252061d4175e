import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { Archive, Download, PhoneCall, RefreshCw } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { CdrPage, CdrSummary } from '~/api/__generated__/schema'
import { type CdrFilter, cdrPageQuery } from '~/api/queries'
import { Freshness } from '~/components/Freshness'
import { PageHeader } from '~/components/PageHeader'
import { Pager } from '~/components/Pager'
import { CdrFilters, hasFilters, NO_FILTERS } from '~/forms/cdr-filters'
import { useDropped } from '~/hooks/use-dropped'
import { useFormat } from '~/hooks/use-format'
import { usePages } from '~/hooks/use-pages'
import { usePermission } from '~/hooks/use-permission'
import { useReason } from '~/hooks/use-reason'
import { useTitle } from '~/hooks/use-title'
import { cdrColumns } from '~/table/columns/cdr-columns'
import { DataTable } from '~/table/DataTable'
import { Button } from '~/ui/lib/Button'
import { EmptyState } from '~/ui/lib/EmptyState'
import { IconButton } from '~/ui/lib/IconButton'
import { pb } from '~/util/path-builder'
import { type CdrsSearch, DEFAULT_REFRESH, REFRESHES, SPANS } from '~/util/searches'

import { CdrDaysDialog } from './CdrDaysDialog'
import { CdrExportsDialog } from './CdrExportsDialog'
import { CdrTotalsLine } from './CdrTotalsLine'
import { RefreshMenu } from './RefreshMenu'

export default function CdrsPage() {
  const { t } = useTranslation(['cdrs', 'common', 'lists'])
  useTitle(t('title'))
  const search = useSearch({ from: '/shell/cdrs' })
  const navigate = useNavigate({ from: '/cdrs' })
  const refresh = search.refresh ?? DEFAULT_REFRESH
  const query = useQuery({
    ...cdrPageQuery(filterOf(search), search.cursor),
    // Older pages stand still, so that a reader does not lose the place.
    refetchInterval: search.cursor ? false : REFRESHES[refresh] || false,
  })
  const { data, error, isPlaceholderData, isFetching, dataUpdatedAt, refetch } = query
  const pages = usePages(search.cursor, data?.next_cursor)
  const columns = useColumns(data?.items)
  const [open, setOpen] = useState<'files' | 'days' | null>(null)
  const maySeeDays = usePermission('status.read')
  const change = (part: Partial<CdrsSearch>) =>
    void navigate({ search: (before) => ({ ...before, ...part, cursor: undefined }) })

  return (
    <div className="flex h-full flex-col">
      <PageHeader
        title={t('title')}
        actions={
          <>
            <Freshness updatedAt={dataUpdatedAt} />
            {maySeeDays ? (
              <Button onClick={() => setOpen('days')}>
                <Archive aria-hidden size={14} />
                {t('days.open')}
              </Button>
            ) : null}
            <Button onClick={() => setOpen('files')}>
              <Download aria-hidden size={14} />
              {t('files.open')}
            </Button>
            <RefreshMenu
              value={refresh}
              onChange={(next) => change({ refresh: next === DEFAULT_REFRESH ? undefined : next })}
            />
            <IconButton
              icon={RefreshCw}
              label={t('common:refresh')}
              disabled={isFetching}
              onClick={() => void refetch()}
            />
          </>
        }
      />
      <div className="flex min-h-11 items-center border-b border-line bg-surface px-5 py-2">
        <CdrFilters search={search} onChange={change} />
      </div>
      <CdrTotalsLine filter={filterOf(search)} refreshMs={REFRESHES[refresh]} />
      <div className="min-h-0 grow bg-surface">
        <DataTable
          label={t('title')}
          columns={columns}
          rows={data?.items}
          rowKey={({ id }) => id}
          rowLink={({ id }) => pb.cdr(id)}
          error={error}
          onRetry={() => void refetch()}
          isOutdated={isPlaceholderData}
          skeletonRows={20}
          empty={
            hasFilters(search) ? (
              <EmptyState
                icon={PhoneCall}
                title={t('noMatch')}
                action={<Button onClick={() => change(NO_FILTERS)}>{t('clearFilters')}</Button>}
              />
            ) : (
              <EmptyState icon={PhoneCall} title={t('empty')}>
                {t('emptyBody')}
              </EmptyState>
            )
          }
        />
      </div>
      <Pager pages={pages}>{data ? <Shown page={data} /> : null}</Pager>
      {open === 'files' ? (
        <CdrExportsDialog filter={filterOf(search)} onClose={() => setOpen(null)} />
      ) : null}
      {open === 'days' ? <CdrDaysDialog onClose={() => setOpen(null)} /> : null}
    </div>
  )
}

/** How many there are, and what the search left out. */
function Shown({ page }: { page: CdrPage }) {
  const { t } = useTranslation(['cdrs', 'lists'])
  const format = useFormat()
  const dropped = useDropped()
  const notes = [
    t('lists:pager.shown', { count: page.items.length }),
    page.items.some(({ archived }) => archived) && t('fromArchive'),
    page.searched_until && t('searchedUntil', { time: format.dateTime(page.searched_until) }),
    page.filling && t('filling', { percent: page.filling.percent }),
    // Lists end where the records do.
    page.next_cursor === null && page.dropped && dropped(page.dropped),
  ]
  return <>{notes.filter(Boolean).join(' · ')}</>
}

function useColumns(rows: readonly CdrSummary[] | undefined) {
  const { t } = useTranslation('cdrs')
  const { count, zoneName } = useFormat()
  const reason = useReason()
  const currencies = new Set(rows?.map(({ currency }) => currency))
  const [only] = currencies
  return cdrColumns({
    t,
    count,
    reason,
    zoneName,
    currency: currencies.size === 1 && only ? only : null,
  })
}

function filterOf({ last, cursor: _cursor, refresh: _refresh, ...rest }: CdrsSearch): CdrFilter {
  return { ...rest, lastSeconds: last && SPANS[last] }
}
