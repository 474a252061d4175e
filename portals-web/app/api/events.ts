import { keepPreviousData, queryOptions } from '@tanstack/react-query'

import { withoutUndefined } from '~/util/objects'

import type { SwitchEvent } from './__generated__/schema'
import { api, unwrap } from './client'
import type { EventStreamPort } from './event-feed'

export interface EventFilter {
  /** A kind, or an area with `.*`. */
  kind?: string | undefined
  subject?: string | undefined
  actor?: string | undefined
  /** RFC 3339. */
  from?: string | undefined
  /** RFC 3339. */
  to?: string | undefined
}

export const EVENT_PAGE_SIZE = 50

export const eventPageQuery = (filter: EventFilter, cursor: string) =>
  queryOptions({
    queryKey: ['events', 'page', filter, cursor],
    queryFn: ({ signal }) => {
      const query = withoutUndefined({ ...filter, cursor, limit: EVENT_PAGE_SIZE })
      return unwrap(api.GET('/api/v1/events', { params: { query }, signal }))
    },
    placeholderData: keepPreviousData,
  })

/** One event; null when it is not kept any more, or may not be seen. */
export const eventQuery = (id: number) =>
  queryOptions({
    queryKey: ['events', 'one', id],
    queryFn: async ({ signal }): Promise<SwitchEvent | null> => {
      // The list goes backwards from its cursor, which is the number of an event.
      const query = { cursor: String(id + 1), limit: 1 }
      const { items } = await unwrap(api.GET('/api/v1/events', { params: { query }, signal }))
      return items.find((each) => each.id === id) ?? null
    },
    // What happened does not change.
    staleTime: Infinity,
  })

/** Events of a kind as they happen, behind the event of a number or from now on. */
export function openEventStream(
  kind: string | undefined,
  after: number | undefined,
): EventStreamPort {
  const query = new URLSearchParams(
    withoutUndefined({ kind, after: after === undefined ? undefined : String(after) }),
  )
  const source = new EventSource(`/api/v1/events/stream?${query}`)
  return {
    onOpen: (listener: () => void) => source.addEventListener('open', listener),
    onEvent: (listener: (data: string) => void) =>
      source.addEventListener('message', (event) => listener(String(event.data))),
    onGap: (listener: () => void) => source.addEventListener('gap', listener),
    onError: (listener: () => void) => source.addEventListener('error', listener),
    close: () => source.close(),
  }
}
