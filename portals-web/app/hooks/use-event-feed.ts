import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useState, useSyncExternalStore } from 'react'

import type { SwitchEvent } from '~/api/__generated__/schema'
import { api, unwrap } from '~/api/client'
import { isSignedOut } from '~/api/errors'
import { EventFeed, type EventFeedSnapshot } from '~/api/event-feed'
import { EVENT_PAGE_SIZE, type EventFilter, openEventStream } from '~/api/events'
import { sessionQuery } from '~/api/queries'
import { withoutUndefined } from '~/util/objects'

import { useDocumentVisible } from './use-document-visible'

/**
 * Follows the events of a filter, which does not change: a component that has another one is
 * another one. The feed rests while the tab is hidden.
 */
export function useEventFeed(filter: EventFilter): { feed: EventFeed } & EventFeedSnapshot {
  const client = useQueryClient()
  const [feed] = useState(
    () =>
      new EventFeed({
        openStream: (after) => openEventStream(filter.kind, after),
        loadNewest: () => {
          const query = withoutUndefined({ ...filter, limit: EVENT_PAGE_SIZE })
          return unwrap(api.GET('/api/v1/events', { params: { query } }))
        },
        isWanted: (event) => isOf(event, filter),
        isSignedOut,
        onSignedOut: () => client.setQueryData(sessionQuery.queryKey, null),
      }),
  )
  const visible = useDocumentVisible()
  useEffect(() => {
    if (!visible) return undefined
    feed.start()
    return () => feed.stop()
  }, [feed, visible])
  return { feed, ...useSyncExternalStore(feed.subscribe, feed.snapshot) }
}

/** The stream is asked for kinds only; the rest of the filter is held here. */
function isOf({ subject, actor, at }: SwitchEvent, wanted: EventFilter): boolean {
  return (
    (wanted.subject ?? subject) === subject &&
    (wanted.actor ?? actor) === actor &&
    (!wanted.to || Date.parse(at) < Date.parse(wanted.to))
  )
}
