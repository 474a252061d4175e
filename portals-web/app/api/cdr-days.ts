import { infiniteQueryOptions } from '@tanstack/react-query'

import { api, unwrap } from './client'

/** The days that were archived or dropped, the latest first, a page after the other. */
export const cdrDaysQuery = infiniteQueryOptions({
  queryKey: ['cdr-days'],
  queryFn: ({ signal, pageParam }) =>
    unwrap(api.GET('/api/v1/cdr-days', { params: { query: { before: pageParam } }, signal })),
  initialPageParam: undefined as string | undefined,
  getNextPageParam: ({ next_before }) => next_before ?? undefined,
})
