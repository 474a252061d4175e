import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { ArrowLeftRight } from 'lucide-react'
import { useTranslation } from 'react-i18next'

import { sourcesQuery } from '~/api/exchange'
import { ErrorNotice } from '~/components/ErrorNotice'
import { PageHeader } from '~/components/PageHeader'
import { usePermission } from '~/hooks/use-permission'
import { useTitle } from '~/hooks/use-title'
import { buttonClass } from '~/ui/lib/Button'
import { EmptyState } from '~/ui/lib/EmptyState'
import { Skeleton } from '~/ui/lib/Skeleton'
import { pb } from '~/util/path-builder'

import { SourcePanel } from './SourcePanel'

/** What the sources of exchange rates said, how old that is, and what waits to be confirmed. */
export default function ExchangePage() {
  const { t } = useTranslation('exchange')
  const { data, error, refetch } = useQuery(sourcesQuery)
  const canWrite = usePermission('exchange_source.write')
  useTitle(t('title'))
  const add = canWrite ? (
    <Link {...pb.newResource('exchange_source')} className={buttonClass('primary')}>
      {t('newSource')}
    </Link>
  ) : null
  return (
    <>
      <PageHeader title={t('title')} actions={add} />
      {error && !data ? <ErrorNotice error={error} onRetry={() => void refetch()} /> : null}
      {!data && !error ? <Skeleton className="m-5 h-64 max-w-240" /> : null}
      {data?.items.length === 0 ? (
        <EmptyState icon={ArrowLeftRight} title={t('empty')} action={add}>
          {t('emptyBody')}
        </EmptyState>
      ) : null}
      <div className="flex flex-col gap-4 p-5">
        {data?.items.map(({ id, name }) => (
          <SourcePanel key={id} id={id} name={name} />
        ))}
      </div>
    </>
  )
}
