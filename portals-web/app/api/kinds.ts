import { queryOptions } from '@tanstack/react-query'

import type { FieldSchema } from '~/util/schema'

import type { KindView } from './__generated__/schema'
import { api, unwrap } from './client'

export interface Kind extends Omit<KindView, 'schema'> {
  schema: FieldSchema
}

/** The kinds with their schemas. They change with the version of the switch only. */
export const kindsQuery = queryOptions({
  queryKey: ['kinds'],
  queryFn: async ({ signal }): Promise<Kind[]> => {
    const { items } = await unwrap(api.GET('/api/v1/kinds', { signal }))
    return items.map((each) => ({ ...each, schema: each.schema as FieldSchema }))
  },
  staleTime: 600_000,
})
