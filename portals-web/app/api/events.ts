import { queryOptions } from '@tanstack/react-query'

import type { SwitchEvent } from './__generated__/schema'
import { api, unwrap } from './client'

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
