import { useQuery } from '@tanstack/react-query'
import { useSearch } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'

import { liveCallsQuery } from '~/api/queries'
import { PageHeader } from '~/components/PageHeader'
import { Pager } from '~/components/Pager'
import { usePages } from '~/hooks/use-pages'
import { useTitle } from '~/hooks/use-title'

import { LiveCallsTable } from './LiveCallsTable'

export default function LiveCallsPage() {
  const { t } = useTranslation('live')
  useTitle(t('calls.title'))
  const { cursor } = useSearch({ from: '/shell/live/calls' })
  const { data } = useQuery(liveCallsQuery(cursor))
  const pages = usePages(cursor, data?.next_cursor)
  return (
    <div className="flex h-full flex-col">
      <PageHeader
        title={t('calls.title')}
        badges={
          data ? (
            <span className="pt-1 text-meta text-ink-3 tabular-nums">
              {t('calls.total', { count: data.total })}
            </span>
          ) : null
        }
      />
      <div className="flex min-h-0 grow flex-col bg-surface">
        <LiveCallsTable cursor={cursor} />
      </div>
      <Pager pages={pages} />
    </div>
  )
}
