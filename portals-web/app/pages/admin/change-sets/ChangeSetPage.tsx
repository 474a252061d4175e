import { useQuery } from '@tanstack/react-query'
import { Link, useParams, useSearch } from '@tanstack/react-router'
import { clsx } from 'clsx'
import { ChevronLeft, SearchX } from 'lucide-react'
import { useTranslation } from 'react-i18next'

import type { ChangeSet } from '~/api/__generated__/schema'
import { changeSetQuery } from '~/api/change-sets'
import { errorCode } from '~/api/errors'
import { ChangeSetStateBadge } from '~/components/ChangeSetStateBadge'
import { ErrorNotice } from '~/components/ErrorNotice'
import { PageHeader } from '~/components/PageHeader'
import { useTitle } from '~/hooks/use-title'
import { Badge } from '~/ui/lib/Badge'
import { EmptyState } from '~/ui/lib/EmptyState'
import { Skeleton } from '~/ui/lib/Skeleton'
import { pb } from '~/util/path-builder'

import { ChangeSetBanner } from './ChangeSetBanner'
import { ChangeSetDock } from './ChangeSetDock'
import { ChangeSetFacts } from './ChangeSetFacts'
import { ChangeSetMenu } from './ChangeSetMenu'
import { DraftList } from './DraftList'
import { PreviewTab } from './PreviewTab'

const FROM = '/shell/configuration/change-sets/$id'
/** Until a push is over it is asked for again. */
const REFRESH_MS = 1_000
/** A scheduled one is pushed by the switch, not by this page. */
const SCHEDULED_REFRESH_MS = 10_000

export default function ChangeSetPage() {
  const { t } = useTranslation('changeSets')
  const { id } = useParams({ from: FROM })
  const { data, error, refetch } = useQuery({
    ...changeSetQuery(Number(id)),
    refetchInterval: ({ state }) => {
      if (state.data?.state === 'pushing') return REFRESH_MS
      return state.data?.state === 'scheduled' ? SCHEDULED_REFRESH_MS : false
    },
  })
  useTitle(data?.name ?? id, t('title'))
  return (
    <>
      <PageHeader
        title={data?.name ?? t('facts.changeSet', { id })}
        breadcrumb={
          <Link
            {...pb.changeSets()}
            className="-ms-1.5 flex h-8 items-center gap-0.5 rounded-control pe-2 text-ink-2 hover:bg-hover hover:text-ink"
          >
            <ChevronLeft aria-hidden size={16} strokeWidth={1.75} />
            {t('title')}
          </Link>
        }
        badges={
          data ? (
            <>
              <ChangeSetStateBadge state={data.state} />
              <Badge tone="neutral" plain>
                {t('drafts', { count: data.drafts })}
              </Badge>
            </>
          ) : null
        }
        actions={data ? <ChangeSetMenu changeSet={data} /> : null}
      />
      {data ? <Parts changeSet={data} /> : null}
      {error && !data ? (
        errorCode(error) === 'not-found' || errorCode(error) === 'bad-request' ? (
          <EmptyState icon={SearchX} title={t('notFound', { id })}>
            {t('notFoundBody')}
          </EmptyState>
        ) : (
          <ErrorNotice error={error} onRetry={() => void refetch()} />
        )
      ) : null}
      {!data && !error ? <Skeleton className="m-5 h-64 max-w-240" /> : null}
    </>
  )
}

/** It can still be changed and pushed. */
function isOpen({ state }: ChangeSet): boolean {
  return state === 'draft' || state === 'failed'
}

function Parts({ changeSet }: { changeSet: ChangeSet }) {
  const { tab, cursor } = useSearch({ from: FROM })
  const canPreview = (isOpen(changeSet) || changeSet.state === 'scheduled') && changeSet.drafts > 0
  const shown = canPreview ? tab : undefined
  return (
    <>
      {canPreview ? <Tabs id={changeSet.id} active={shown} /> : null}
      <div className="grid max-w-360 items-start gap-4 p-5 2xl:grid-cols-[minmax(0,1fr)_320px]">
        <div className="flex min-w-0 flex-col gap-4">
          <ChangeSetBanner changeSet={changeSet} />
          {shown === 'preview' ? (
            <PreviewTab changeSet={changeSet} />
          ) : (
            <DraftList changeSet={changeSet} isOpen={isOpen(changeSet)} cursor={cursor} />
          )}
        </div>
        <ChangeSetFacts changeSet={changeSet} />
      </div>
      <ChangeSetDock
        changeSet={changeSet}
        isOpen={isOpen(changeSet)}
        isPreview={shown === 'preview'}
      />
    </>
  )
}

function Tabs({ id, active }: { id: number; active: 'preview' | undefined }) {
  const { t } = useTranslation('changeSets')
  return (
    <nav
      aria-label={t('tab.label')}
      className="layer-tabs sticky top-0 flex shrink-0 gap-5 border-b border-line bg-surface px-5"
    >
      {(['drafts', 'preview'] as const).map((tab) => {
        const isActive = (active ?? 'drafts') === tab
        return (
          <Link
            key={tab}
            {...pb.changeSet(id, { tab: tab === 'preview' ? 'preview' : undefined })}
            replace
            aria-current={isActive ? 'page' : undefined}
            className={clsx(
              'flex h-10 shrink-0 items-center border-b-2 font-medium',
              isActive ? 'border-primary text-ink' : 'border-transparent text-ink-2 hover:text-ink',
            )}
          >
            {t(`tab.${tab}`)}
          </Link>
        )
      })}
    </nav>
  )
}
