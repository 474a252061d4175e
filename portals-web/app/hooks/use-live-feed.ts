import { useQueryClient } from '@tanstack/react-query'
import { createContext, use, useEffect, useState, useSyncExternalStore } from 'react'

import type { LivePoint } from '~/api/__generated__/schema'
import { api, unwrap } from '~/api/client'
import { isSignedOut } from '~/api/errors'
import { type FeedSnapshot, LiveFeed } from '~/api/live-feed'
import { sessionQuery } from '~/api/queries'

import { useDocumentVisible } from './use-document-visible'

export const LiveFeedContext = createContext<LiveFeed | null>(null)

/** Owns the feed of the signed-in shell; it runs while it is wanted and the tab is seen. */
export function useOwnLiveFeed(isWanted: boolean): LiveFeed {
  const client = useQueryClient()
  const [feed] = useState(
    () =>
      new LiveFeed({
        openStream: () => {
          const source = new EventSource('/api/v1/live')
          return {
            onSample: (listener) =>
              source.addEventListener('sample', (event) => listener(String(event.data))),
            onError: (listener) => source.addEventListener('error', listener),
            close: () => source.close(),
          }
        },
        loadHistory: async (seconds): Promise<readonly LivePoint[]> => {
          const query = { seconds }
          return (await unwrap(api.GET('/api/v1/live/history', { params: { query } }))).points
        },
        now: () => performance.now(),
        isSignedOut,
        onSignedOut: () => client.setQueryData(sessionQuery.queryKey, null),
      }),
  )
  const visible = useDocumentVisible()
  useEffect(() => {
    if (!visible || !isWanted) return undefined
    feed.start()
    return () => feed.stop()
  }, [feed, visible, isWanted])
  return feed
}

export function useLiveFeed(): LiveFeed {
  const feed = use(LiveFeedContext)
  if (!feed) throw new Error('useLiveFeed is used outside of the signed-in shell')
  return feed
}

export function useFeedSnapshot(feed: LiveFeed): FeedSnapshot {
  return useSyncExternalStore(feed.subscribe, feed.snapshot)
}
