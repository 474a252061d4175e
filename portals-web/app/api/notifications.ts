import { keepPreviousData, queryOptions } from '@tanstack/react-query'

import { withoutUndefined } from '~/util/objects'

import type { NotificationState } from './__generated__/schema'
import { api, unwrap } from './client'

export interface DeliveryFilter {
  target?: string | undefined
  state?: NotificationState | undefined
  event?: string | undefined
}

export const DELIVERY_PAGE_SIZE = 50

export const deliveryPageQuery = (
  filter: DeliveryFilter,
  cursor?: string,
  limit = DELIVERY_PAGE_SIZE,
) =>
  queryOptions({
    queryKey: ['deliveries', filter, cursor ?? null, limit],
    queryFn: ({ signal }) => {
      const query = withoutUndefined({ ...filter, cursor, limit })
      return unwrap(api.GET('/api/v1/notification-deliveries', { params: { query }, signal }))
    },
    placeholderData: keepPreviousData,
  })

/** Sends a test at once, and tells what became of it. */
export async function testTarget(id: number) {
  const params = { path: { id: String(id) } }
  return unwrap(api.POST('/api/v1/notification-targets/{id}/test', { params }))
}
