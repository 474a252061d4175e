import { useQuery } from '@tanstack/react-query'
import { PhoneOff } from 'lucide-react'
import { useTranslation } from 'react-i18next'

import { LIVE_CALLS_PAGE_SIZE, liveCallsQuery } from '~/api/queries'
import { useFeedSnapshot, useLiveFeed } from '~/hooks/use-live-feed'
import { useFormat } from '~/hooks/use-format'
import { useNow } from '~/hooks/use-now'
import { liveCallColumns } from '~/table/columns/live-call-columns'
import { DataTable } from '~/table/DataTable'
import { EmptyState } from '~/ui/lib/EmptyState'

export interface LiveCallsTableProps {
  cursor?: string | undefined
  limit?: number
}

const REFRESH_MS = 1_000

/** The calls that are up, newest first, asked anew every second while the tab is seen. */
export function LiveCallsTable({ cursor, limit = LIVE_CALLS_PAGE_SIZE }: LiveCallsTableProps) {
  const { t } = useTranslation('live')
  const { zoneName } = useFormat()
  const now = useSwitchTime()
  const { data, error, refetch } = useQuery({
    ...liveCallsQuery(cursor),
    refetchInterval: REFRESH_MS,
  })
  return (
    <div className="min-h-0 grow">
      <DataTable
        label={t('calls.title')}
        columns={liveCallColumns({ t, now, zoneName })}
        rows={data?.items.slice(0, limit)}
        rowKey={({ id }) => id}
        error={error}
        onRetry={() => void refetch()}
        skeletonRows={8}
        empty={
          <EmptyState icon={PhoneOff} title={t('calls.empty')}>
            {t('calls.emptyBody')}
          </EmptyState>
        }
      />
    </div>
  )
}

/** The time by the switch's clock, so that a wrong clock here shows no wrong durations. */
function useSwitchTime(): number {
  const { points, state } = useFeedSnapshot(useLiveFeed())
  const own = useNow()
  const latest = points.at(-1)
  return latest && state === 'live' ? Date.parse(latest.at) : own
}
