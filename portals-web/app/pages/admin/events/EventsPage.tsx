import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { Pause, Play, Radio } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { SwitchEvent } from '~/api/__generated__/schema'
import type { EventFeedState } from '~/api/event-feed'
import { type EventFilter, eventPageQuery } from '~/api/events'
import { Pager } from '~/components/Pager'
import { PageHeader } from '~/components/PageHeader'
import { EventFilters } from '~/forms/event-filters'
import { useEventFeed } from '~/hooks/use-event-feed'
import { usePages } from '~/hooks/use-pages'
import { useTitle } from '~/hooks/use-title'
import { useEventColumns } from '~/table/columns/event-columns'
import { DataTable } from '~/table/DataTable'
import { Badge, type Tone } from '~/ui/lib/Badge'
import { Button } from '~/ui/lib/Button'
import { EmptyState } from '~/ui/lib/EmptyState'

import { EventDialog } from './EventDialog'

const TONES: Record<EventFeedState, Tone> = {
  connecting: 'neutral',
  live: 'success',
  offline: 'danger',
  paused: 'neutral',
}

/** What happened, as it happens; older pages stand still. */
export default function EventsPage() {
  const { cursor, ...filter } = useSearch({ from: '/shell/system/events' })
  const key = JSON.stringify(filter)
  return cursor === undefined ? (
    <Newest key={key} filter={filter} />
  ) : (
    <Older filter={filter} cursor={cursor} />
  )
}

function Newest({ filter }: { filter: EventFilter }) {
  const { t } = useTranslation('events')
  const { feed, state, events, waiting, isHeld, nextCursor, error } = useEventFeed(filter)
  const words = isHeld ? t('feed.held') : t(`feed.${state}`)
  return (
    <Screen
      filter={filter}
      cursor={undefined}
      nextCursor={nextCursor}
      rows={events}
      error={events ? null : error}
      onRetry={feed.reload}
      badges={
        <span role="status" aria-label={t('feed.label')}>
          <Badge tone={isHeld ? 'warning' : TONES[state]} pulse={state === 'live' && !isHeld}>
            {words}
          </Badge>
        </span>
      }
      actions={
        <Button onClick={isHeld ? feed.release : feed.hold}>
          {isHeld ? (
            <Play aria-hidden size={16} strokeWidth={1.75} />
          ) : (
            <Pause aria-hidden size={16} strokeWidth={1.75} />
          )}
          {isHeld ? t('feed.resume', { count: waiting }) : t('feed.pause')}
        </Button>
      }
    />
  )
}

function Older({ filter, cursor }: { filter: EventFilter; cursor: string }) {
  const { data, error, refetch, isPlaceholderData } = useQuery(eventPageQuery(filter, cursor))
  return (
    <Screen
      filter={filter}
      cursor={cursor}
      nextCursor={data?.next_cursor}
      rows={data?.items}
      error={error}
      onRetry={() => void refetch()}
      isOutdated={isPlaceholderData}
    />
  )
}

interface ScreenProps {
  filter: EventFilter
  cursor: string | undefined
  nextCursor: string | null | undefined
  rows: readonly SwitchEvent[] | undefined
  error: unknown
  onRetry: () => void
  isOutdated?: boolean
  badges?: ReactNode
  actions?: ReactNode
}

function Screen(props: ScreenProps) {
  const { filter, cursor, nextCursor, rows, error, onRetry, isOutdated = false } = props
  const { t } = useTranslation(['events', 'lists'])
  const navigate = useNavigate({ from: '/system/events' })
  const pages = usePages(cursor, nextCursor)
  const [open, setOpen] = useState<SwitchEvent | null>(null)
  const columns = useEventColumns(setOpen)
  const isFiltered = Object.values(filter).some(Boolean)
  useTitle(t('title'))
  return (
    <div className="flex h-full flex-col">
      <PageHeader title={t('title')} badges={props.badges} actions={props.actions} />
      <div className="flex min-h-11 shrink-0 flex-wrap items-center gap-2 border-b border-line bg-surface px-5 py-2">
        <EventFilters
          filter={filter}
          onChange={(next) =>
            void navigate({ search: (before) => ({ ...before, ...next, cursor: undefined }) })
          }
        />
      </div>
      <div className="min-h-0 grow bg-surface">
        <DataTable
          label={t('title')}
          columns={columns}
          rows={rows}
          rowKey={({ id }) => String(id)}
          error={error}
          onRetry={onRetry}
          isOutdated={isOutdated}
          empty={
            isFiltered ? (
              <EmptyState icon={Radio} title={t('lists:noMatch')} />
            ) : (
              <EmptyState icon={Radio} title={t('empty')}>
                {t('emptyBody')}
              </EmptyState>
            )
          }
        />
      </div>
      <Pager pages={pages}>{rows ? t('lists:pager.shown', { count: rows.length }) : null}</Pager>
      {open ? <EventDialog event={open} onClose={() => setOpen(null)} /> : null}
    </div>
  )
}
