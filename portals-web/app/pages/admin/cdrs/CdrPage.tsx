import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { ChevronLeft, SearchX } from 'lucide-react'
import { useTranslation } from 'react-i18next'

import type { Cdr } from '~/api/__generated__/schema'
import { ApiError } from '~/api/errors'
import { cdrQuery } from '~/api/queries'
import { ErrorNotice } from '~/components/ErrorNotice'
import { OutcomeBadge } from '~/components/OutcomeBadge'
import { PageHeader } from '~/components/PageHeader'
import { useTitle } from '~/hooks/use-title'
import { Badge } from '~/ui/lib/Badge'
import { buttonClass } from '~/ui/lib/Button'
import { EmptyState } from '~/ui/lib/EmptyState'
import { Panel } from '~/ui/lib/Panel'
import { Skeleton } from '~/ui/lib/Skeleton'
import { formatE164 } from '~/util/e164'
import { pb } from '~/util/path-builder'

import { CallFacts } from './CallFacts'
import { CallPath } from './CallPath'
import { CallStats } from './CallStats'
import { CallTimeline } from './CallTimeline'
import { MediaFacts } from './MediaFacts'
import { MoneyTable } from './MoneyTable'
import { ReleaseTable } from './ReleaseTable'
import { SentNumbers } from './SentNumbers'

export default function CdrPage() {
  const { t } = useTranslation('cdrs')
  const { id } = useParams({ from: '/shell/cdrs/$id' })
  const { data: cdr, error, refetch } = useQuery(cdrQuery(id))
  const title = cdr ? t('detail.title', { number: formatE164(cdr.called_number) }) : id
  useTitle(title, t('title'))

  if (error instanceof ApiError && (error.status === 404 || error.status === 400)) {
    return <UnknownCall />
  }
  return (
    <>
      <PageHeader
        title={title}
        breadcrumb={<BackToList />}
        badges={
          cdr ? (
            <>
              <OutcomeBadge outcome={cdr.outcome} sipStatus={cdr.sip_status} />
              {cdr.archived ? <Badge tone="neutral">{t('detail.archived')}</Badge> : null}
            </>
          ) : null
        }
      />
      {error ? <ErrorNotice error={error} onRetry={() => void refetch()} /> : null}
      {cdr ? <CallRecord cdr={cdr} /> : null}
      {!cdr && !error ? <LoadingRecord /> : null}
    </>
  )
}

function CallRecord({ cdr }: { cdr: Cdr }) {
  const { t } = useTranslation('cdrs')
  return (
    <>
      <CallStats cdr={cdr} />
      <div className="grid gap-4 p-5 xl:grid-cols-2">
        <Panel title={t('detail.path')}>
          <CallPath cdr={cdr} />
        </Panel>
        <Panel title={t('detail.timeline')}>
          <CallTimeline cdr={cdr} />
        </Panel>
        <Panel title={t('detail.money')} padded={false} className="xl:col-span-2">
          <MoneyTable cdr={cdr} />
        </Panel>
        <Panel title={t('detail.release')} padded={false} className="xl:col-span-2">
          <ReleaseTable cdr={cdr} />
        </Panel>
        {cdr.attempt_records.length > 0 ? <SentNumbers id={cdr.id} /> : null}
        <Panel title={t('detail.facts')}>
          <CallFacts cdr={cdr} />
        </Panel>
        <Panel title={t('detail.media')}>
          <MediaFacts media={cdr.media} />
        </Panel>
      </div>
    </>
  )
}

function BackToList() {
  const { t } = useTranslation('cdrs')
  return (
    <Link
      {...pb.cdrs()}
      className="-ms-1.5 flex h-8 items-center gap-0.5 rounded-control pe-2 text-ink-2 hover:bg-hover hover:text-ink"
    >
      <ChevronLeft aria-hidden size={16} strokeWidth={1.75} />
      {t('detail.toList')}
    </Link>
  )
}

function UnknownCall() {
  const { t } = useTranslation('cdrs')
  return (
    <>
      <PageHeader title={t('title')} breadcrumb={<BackToList />} />
      <EmptyState
        icon={SearchX}
        title={t('detail.notFound')}
        action={
          <Link {...pb.cdrs()} className={buttonClass('primary')}>
            {t('detail.toList')}
          </Link>
        }
      >
        {t('detail.notFoundBody')}
      </EmptyState>
    </>
  )
}

function LoadingRecord() {
  const { t } = useTranslation()
  return (
    <div role="status" aria-label={t('loading')} className="animate-[appear_0s_150ms_both]">
      <div className="h-[73px] border-b border-line bg-surface" />
      <div className="grid gap-4 p-5 xl:grid-cols-2">
        <Skeleton className="h-56" />
        <Skeleton className="h-56" />
        <Skeleton className="h-40 xl:col-span-2" />
      </div>
    </div>
  )
}
